import { randomUUID } from 'node:crypto';
import { retryable } from '../errors';
import type { RedisConnection } from '../redis';
import type { Checkpoint } from './checkpoint';
import { judge, type Judgement } from './continuity';
import { beforeAll } from './entry-id';
import { incarnationKey, parseFacts, readFacts, type RedisFacts } from './redis-facts';

export interface Followed extends Judgement {
  /** Another run of the server than the one seen last: what only its memory held is gone. */
  readonly restarted: boolean;
  readonly lastGeneratedId: string;
}

/** How often Redis is looked at when nothing calls for it: less than the second after which an idle lane wakes. */
const everyMs = 900;
/** Two archives that keep claiming one Redis are told apart from a Redis replaced once. */
const rivalryMs = 30_000;

/** Makes sure that the Redis we read from goes on where Postgres stands, and keeps the checkpoint's word of it up to date. */
export class Follower {
  readonly #redis: RedisConnection;
  readonly #checkpoint: Checkpoint;
  #lookedAt = 0;
  #must = true;
  #claimedAt = -Infinity;

  constructor(redis: RedisConnection, checkpoint: Checkpoint) {
    this.#redis = redis;
    this.#checkpoint = checkpoint;
  }

  /** Whether nothing may be applied before `look`. */
  get must(): boolean {
    return this.#must;
  }

  /** Look before anything else is read: this may be another life of Redis. */
  mustLook(): void {
    this.#must = true;
  }

  /** @returns what was found when it was time to look; the checkpoint says already where to read on */
  async look(): Promise<Followed | undefined> {
    const { position } = this.#checkpoint;
    if (position === undefined || (!this.#must && Date.now() - this.#lookedAt < everyMs)) return undefined;
    const now = await this.#read(position.entryId);
    const seen = parseFacts(position.seen);
    const { incarnation, entryId } = position;
    const judgement = judge({ incarnation, entryId, seen }, now);
    const begins = judgement.verdict === 'start' || judgement.verdict === 'backwards';
    if (judgement.verdict === 'backwards') this.#requireNoRival(now);
    const wanted = begins || incarnation === null ? randomUUID() : incarnation;
    const from = judgement.verdict === 'continue' ? entryId : beforeAll;
    const facts = { ...now, incarnation: wanted };
    if (begins || from !== entryId || JSON.stringify(seen) !== JSON.stringify(facts)) {
      await this.#checkpoint.adopt({ incarnation: wanted, entryId: from, seen: facts }, begins);
    }
    // After Postgres has said that we are the owner: the word of one that was displaced would mislead its successor.
    if (now.incarnation !== wanted) await this.#claim(wanted);
    if (judgement.verdict === 'backwards' && now.incarnation !== null) this.#claimedAt = Date.now();
    this.#lookedAt = Date.now();
    this.#must = false;
    return {
      ...judgement,
      restarted: seen?.runId !== now.runId,
      lastGeneratedId: now.stream.lastGeneratedId,
    };
  }

  async #read(entryId: string): Promise<RedisFacts> {
    try {
      return await readFacts(this.#redis.client, entryId);
    } catch (error) {
      this.#must = true;
      throw this.#redis.translate(error);
    }
  }

  async #claim(incarnation: string): Promise<void> {
    try {
      await this.#redis.client.set(incarnationKey, incarnation);
    } catch (error) {
      throw this.#redis.translate(error);
    }
  }

  /** @throws E_TWO_ARCHIVES when somebody else keeps putting another incarnation into the same Redis */
  #requireNoRival({ incarnation }: RedisFacts): void {
    if (incarnation === null) return;
    if (Date.now() - this.#claimedAt < rivalryMs) {
      throw retryable('another Millrace archives the same Redis into another database', {
        code: 'E_TWO_ARCHIVES',
        hint: 'Stop one of them, or give each its own Redis database (REDIS_URL, REDIS_DB).',
      });
    }
  }
}

/** @throws E_TWO_REDIS when the owner of the stream archives another Redis than ours: a standby would wait for ever */
export async function requireSameRedis(
  redis: RedisConnection,
  checkpoint: Checkpoint,
  owner: string,
): Promise<void> {
  const ours = await redis.client.get(incarnationKey).catch((error: unknown) => {
    throw redis.translate(error);
  });
  const theirs = await checkpoint.storedIncarnation();
  if (theirs === undefined || ours === theirs) return;
  throw retryable(`${owner} archives another Redis than ${redis.display} into this database`, {
    code: 'E_TWO_REDIS',
    hint: 'Stop one of the two, or give each Redis a Postgres database of its own (POSTGRES_URL).',
  });
}
