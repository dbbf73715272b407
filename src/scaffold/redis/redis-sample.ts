import type { RedisConnection } from '../../connections/redis';
import { answers, pages } from './ask-many';

/** Some of the keys of a Redis. */
export interface KeySample {
  readonly keys: readonly FoundRedisKey[];
  /** Whether there are no others. */
  readonly whole: boolean;
  /** How many others there are whose names are not UTF-8: they can be asked for by no text. */
  readonly unnamed: number;
}

export interface FoundRedisKey {
  readonly key: string;
  /** As TYPE says: string, hash, list, set, zset, stream, or that of a module; or `unreadable`. */
  readonly type: string;
}

/** The type of a key that our user may not read: whose it is, its name tells. */
export const unreadable = 'unreadable';

/** What is looked at, whatever the size of the Redis: so that init neither takes long nor is felt there. */
const limits = { walked: 200_000, keys: 10_000, alike: 1_000, ms: 2_000 };
const atOnce = 1_000;

/**
 * Walks the keys by SCAN until there are none, or enough of them, or time is up. Of many that begin with one word some are taken, so
 * that a stream beside a million sessions is met. @throws what `translate` makes of a failure
 */
export async function sampleKeyspace({ client }: RedisConnection): Promise<KeySample> {
  const until = performance.now() + limits.ms;
  const names = new Set<string>();
  const alike = new Map<string, number>();
  let [cursor, walked, passedOver] = ['0', 0, false];
  do {
    const [next, page] = await client.scan(cursor, 'COUNT', atOnce);
    cursor = next;
    walked += page.length;
    for (const name of page) {
      const word = /^[^:]*:/.exec(name)?.[0] ?? '';
      const count = alike.get(word) ?? 0;
      if (names.has(name)) continue;
      if (count >= limits.alike) passedOver = true;
      else names.add(name);
      alike.set(word, count + 1);
    }
  } while (cursor !== '0' && names.size < limits.keys && walked < limits.walked && performance.now() < until);
  const texts = [...names].filter((name) => !name.includes('\ufffd'));
  const seen = texts.sort().slice(0, limits.keys);
  const keys: FoundRedisKey[] = [];
  for (const some of pages(seen, atOnce)) {
    const pipeline = client.pipeline();
    for (const key of some) pipeline.type(key);
    const types = await answers<string>(pipeline);
    // A key that has gone meanwhile is of type none.
    keys.push(
      ...some.flatMap((key, at) => (types[at] === 'none' ? [] : [{ key, type: types[at] ?? unreadable }])),
    );
  }
  const whole = cursor === '0' && !passedOver && names.size <= limits.keys;
  return { keys, whole, unnamed: names.size - texts.length };
}

/** Which of the keys are there. */
export async function existing(
  { client }: RedisConnection,
  keys: readonly string[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const some of pages(keys, atOnce)) {
    const pipeline = client.pipeline();
    for (const key of some) pipeline.exists(key);
    const there = await answers<number>(pipeline);
    for (const [at, key] of some.entries()) if (there[at] === 1) found.add(key);
  }
  return found;
}
