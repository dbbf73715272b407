import { setTimeout as delay } from 'node:timers/promises';
import Redis from 'ioredis';
import { monotonicMs } from '../clock';
import type { Write } from './spaced';

/** Long enough for anything but a change that was lost. */
const patienceMs = 30_000;

export interface Observer {
  /**
   * For each write, how long after its COMMIT (or SET) was issued its key was seen to change. Waits for all of them.
   * @throws when one is not seen.
   */
  readonly delays: (writes: readonly Write[]) => Promise<readonly number[]>;
}

/**
 * Sees keys change by keyspace notifications, which Redis sends once the command (or script) that changed the key is
 * complete: from then on a GET returns the new value. Costs one more hop than that; the floor is measured the same way.
 * Only where it is needed: a notification for each key slows Redis down.
 */
export async function withObserver<T>(
  redisUrl: string,
  work: (observer: Observer) => Promise<T>,
  patterns: readonly string[] = ['alias:*'],
): Promise<T> {
  const client = new Redis(redisUrl);
  await client.config('SET', 'notify-keyspace-events', 'Kg$');
  const prefix = '__keyspace@0__:';
  const seen = new Map<string, number>();
  client.on('pmessage', (_pattern: string, channel: string) => {
    const key = channel.slice(prefix.length);
    if (!seen.has(key)) seen.set(key, monotonicMs());
  });
  await client.psubscribe(...patterns.map((pattern) => prefix + pattern));
  const delays = async (writes: readonly Write[]) => {
    const deadline = monotonicMs() + patienceMs;
    while (writes.some(({ key }) => !seen.has(key))) {
      if (monotonicMs() > deadline) throw new Error('a change did not become visible within 30 s');
      await delay(10);
    }
    const found = writes.map(({ key, issuedAt }) => (seen.get(key) ?? Infinity) - issuedAt);
    seen.clear();
    return found;
  };
  try {
    return await work({ delays });
  } finally {
    client.disconnect();
  }
}
