import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../clock';
import type { Scene } from './scene';
import { newPrediction, plainOne, type Way } from './writes';

/** One write that was watched. */
export interface Sample {
  /** When it was begun: milliseconds since 1970, and by the monotonic clock. */
  readonly wallTime: number;
  readonly at: number;
  /** Milliseconds until another connection saw the row. */
  readonly delay: number;
}

export const probesPerSecond = 100;
/** Looked for in one question. */
const mostAsked = 200;
const patienceMs = 120_000;

/**
 * Writes predictions one by one, about 100 a second, while `goOn`, and watches each: from just before the call in Redis until a
 * connection of its own, which asks all the time (about every 2 ms), finds the row. It is never too low, and too high by at
 * most one question. @throws when one is not seen
 */
export async function probe(
  { store, client, versionId, database }: Scene,
  way: Way,
  goOn: () => boolean,
): Promise<readonly Sample[]> {
  const pending = new Map<string, Omit<Sample, 'delay'>>();
  const samples: Sample[] = [];
  let writing = true;
  const write = async () => {
    const times = { wallTime: Date.now(), at: monotonicMs() };
    const id =
      way === 'plain'
        ? await plainOne(client, versionId)
        : await store.logPrediction(newPrediction(versionId));
    pending.set(String(id), times);
  };
  const writeAll = async () => {
    const writes: Promise<void>[] = [];
    while (goOn()) {
      await delay((1_000 / probesPerSecond) * (0.5 + Math.random()));
      writes.push(write());
    }
    await Promise.all(writes);
    writing = false;
  };
  const watch = async () => {
    const sql =
      'SELECT redis_id FROM predictions WHERE redis_id = ANY ($1::bigint[]) AND redis_id IS NOT NULL';
    let progressAt = monotonicMs();
    while (writing || pending.size > 0) {
      const asked = [...pending.keys()].slice(0, mostAsked);
      const rows = asked.length === 0 ? [] : await database.query(sql, [asked]);
      const now = monotonicMs();
      for (const { redis_id: id } of rows) {
        const times = pending.get(id ?? '');
        pending.delete(id ?? '');
        if (times !== undefined) samples.push({ ...times, delay: now - times.at });
      }
      if (rows.length > 0 || asked.length === 0) progressAt = now;
      if (now - progressAt > patienceMs)
        throw new Error('a prediction did not become visible in two minutes');
      await delay(1);
    }
  };
  await Promise.all([writeAll(), watch()]);
  return samples;
}

/** How fast the delay grows: the slope of a straight line through the samples, milliseconds a minute. */
export function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = mean(samples.map((sample) => sample.at));
  const height = mean(samples.map((sample) => sample.delay));
  const spread = mean(samples.map((sample) => (sample.at - at) ** 2));
  const together = mean(samples.map((sample) => (sample.at - at) * (sample.delay - height)));
  return spread === 0 ? 0 : (together / spread) * 60_000;
}
