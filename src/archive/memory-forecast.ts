import type { RedisConnection } from '../connections/redis';
import { changesStream } from '../writer/keys';
import { entryId } from './stream/entry-ids';

export interface MemoryFacts {
  /** Entries in the stream. */
  readonly streamLength: number;
  /** Id of the first entry after the position; null: none waits. */
  readonly firstWaiting: string | null;
  readonly usedBytes: number;
  /** maxmemory, or the memory of the machine; null: unknown. */
  readonly limitBytes: number | null;
  /** Seconds until memory is full, at the rate of the last minutes; null: it does not grow. */
  readonly fullInSeconds: number | null;
  /** Whether maxmemory-policy lets Redis evict the stream, which has no time to live. */
  readonly evicts: boolean;
}

interface Sample {
  readonly at: number;
  readonly used: number;
}

/** Growth is judged over this time, and at least over `leastMs`: within less it is noise. */
const windowMs = 120_000;
const leastMs = 10_000;

/** Watches Redis' memory, for the stream grows while Postgres is away. */
export class MemoryForecast {
  readonly #redis: RedisConnection;
  #samples: Sample[] = [];
  /** The newest facts; undefined while Redis does not answer. */
  facts: MemoryFacts | undefined;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /** Takes a sample. Never throws: others report when Redis is away. */
  async sample(position: string, now = performance.now()): Promise<void> {
    try {
      const [info, streamLength, first] = await Promise.all([
        this.#redis.client.info('memory'),
        this.#redis.client.xlen(changesStream),
        entryId(this.#redis, ['XRANGE', `(${position}`, '+']),
      ]);
      const text = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? '';
      const number = (name: string) => Number(text(name));
      const used = number('used_memory');
      const limitBytes = number('maxmemory') || number('total_system_memory') || null;
      this.#samples = [...this.#samples.filter(({ at }) => now - at < windowMs), { at: now, used }];
      this.facts = {
        streamLength,
        firstWaiting: first ?? null,
        usedBytes: used,
        limitBytes,
        fullInSeconds: forecast(this.#samples, limitBytes),
        evicts: number('maxmemory') > 0 && text('maxmemory_policy').startsWith('allkeys'),
      };
    } catch {
      this.facts = undefined; // the next sample is taken in a moment
    }
  }
}

/** In how many seconds memory is full if it goes on growing as it did; null when it does not grow. */
function forecast(samples: readonly Sample[], limit: number | null): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || limit === null || last.at - first.at < leastMs)
    return null;
  const bytesPerMs = (last.used - first.used) / (last.at - first.at);
  if (bytesPerMs <= 0) return null;
  return Math.max(0, Math.round((limit - last.used) / bytesPerMs / 1_000));
}
