import type { ChainableCommander } from 'ioredis';
import type { RedisConnection } from '../connections/redis';

/** Some of the keys of a Redis. */
export interface KeySample {
  readonly keys: readonly FoundRedisKey[];
  /** Whether there are no others. */
  readonly whole: boolean;
}

export interface FoundRedisKey {
  readonly key: string;
  /** As TYPE says: string, hash, list, set, zset, stream; or `unreadable`. */
  readonly type: string;
}

/** The type of a key that our user may not read: whose it is, its name tells. */
export const unreadable = 'unreadable';

/** Field and value; a value that is too large to look at is undefined. */
export type HashSample = ReadonlyMap<string, string | undefined>;

/** What is looked at, whatever the size of the Redis: so that init neither takes long nor is felt there. */
const limits = { keys: 10_000, ms: 2_000, fields: 100, valueBytes: 4_096 };
const atOnce = 1_000;

/** Walks the keys by SCAN until there are none, or enough of them, or time is up. @throws what `translate` makes of a failure */
export async function sampleKeyspace({ client }: RedisConnection): Promise<KeySample> {
  const until = performance.now() + limits.ms;
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await client.scan(cursor, 'COUNT', atOnce);
    cursor = next;
    for (const name of page) names.add(name);
  } while (cursor !== '0' && names.size < limits.keys && performance.now() < until);
  const whole = cursor === '0';
  const seen = [...names].sort().slice(0, whole ? names.size : limits.keys);
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
  return { keys, whole };
}

/** The fields of hashes. One that has more than a hundred is not read. */
export async function sampleHashes(
  { client }: RedisConnection,
  keys: readonly string[],
): Promise<readonly HashSample[]> {
  const sizes = client.pipeline();
  for (const key of keys) sizes.hlen(key);
  const lengths = await answers<number>(sizes);
  const small = keys.filter((_key, at) => (lengths[at] ?? Infinity) <= limits.fields);
  const naming = client.pipeline();
  for (const key of small) naming.hkeys(key);
  const fields = await answers<string[]>(naming);
  const samples: HashSample[] = [];
  for (const [at, key] of small.entries()) {
    const names = fields[at] ?? [];
    if (names.length > 0) samples.push(await sampleFields(client.pipeline.bind(client), key, names));
  }
  return samples;
}

async function sampleFields(
  pipeline: () => ChainableCommander,
  key: string,
  names: readonly string[],
): Promise<HashSample> {
  const measuring = pipeline();
  for (const name of names) measuring.hstrlen(key, name);
  const bytes = await answers<number>(measuring);
  const reading = names.filter((_name, at) => (bytes[at] ?? Infinity) <= limits.valueBytes);
  const pipelined = pipeline();
  for (const name of reading) pipelined.hget(key, name);
  const values = await answers<string | null>(pipelined);
  const read = new Map(reading.map((name, at) => [name, values[at] ?? undefined]));
  return new Map(names.map((name) => [name, read.get(name)]));
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

/** The replies of a pipeline, in order; undefined: our user may not ask that. @throws the first other error among them, which exec() does not */
async function answers<T>(pipeline: ChainableCommander): Promise<readonly (T | undefined)[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, reply]) => {
    if (error === null) return reply as T;
    if (error.message.startsWith('NOPERM')) return undefined;
    throw error;
  });
}

function* pages<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size);
}
