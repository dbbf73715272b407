import Redis from 'ioredis';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { Sights } from './sights';
import { cacheTables } from './sqlite-file';

const lookEveryMs = 15;
const forms = new Map(
  cacheTables.flatMap(({ served }) => served.map(({ prefix, as }) => [prefix, as] as const)),
);

/** What a key of ours holds, of which each write leaves another one; what it cannot be is returned as it is. */
export async function readKeys(redis: Redis, keys: readonly string[]): Promise<(string | null)[]> {
  const isHash = (key: string) => forms.get(prefixOf(key)) === 'hash';
  const texts = keys.filter((key) => !isHash(key));
  const hashes = keys.filter(isHash);
  const found = new Map<string, string | null>();
  const pipeline = redis.pipeline();
  pipeline.mget('none', ...texts); // never without a key
  for (const key of hashes) pipeline.hget(key, 'name');
  const [values, ...names] = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
    if (error) throw error;
    return reply;
  });
  texts.forEach((key, at) => found.set(key, valueOf(key, (values as (string | null)[])[at + 1] ?? null)));
  hashes.forEach((key, at) => found.set(key, (names[at] ?? null) as string | null));
  return keys.map((key) => found.get(key) ?? null);
}

const prefixOf = (key: string): string => [...forms.keys()].find((prefix) => key.startsWith(prefix)) ?? '';

function valueOf(key: string, text: string | null): string | null {
  if (text === null) return null;
  try {
    const value = JSON.parse(text) as readonly unknown[] | { readonly id?: unknown; readonly name?: unknown };
    if (Array.isArray(value)) return value.length === 1 ? String(value[0]) : text;
    const { id, name } = value as { readonly id?: unknown; readonly name?: unknown };
    return id === key.slice(prefixOf(key).length) && typeof name === 'string' ? name : text;
  } catch {
    return text;
  }
}

/** A reader of Redis that looks at each of the keys again and again, until it is stopped. */
export function watchKeys(
  url: string,
  keys: readonly string[],
): { readonly sights: Sights; readonly stop: () => Promise<void> } {
  const redis = new Redis(url, {
    retryStrategy: () => 20,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: 2_000,
  });
  redis.on('error', () => undefined);
  const sights = new Sights();
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      await delay(lookEveryMs);
      await readKeys(redis, keys).then((values) => {
        sights.add(keys.map((key, at) => [key, values[at] ?? null]), monotonicMs());
      }, () => undefined); // prettier-ignore
    }
  };
  const done = loop();
  return {
    sights,
    stop: async () => {
      stopped = true;
      await done;
      redis.disconnect();
    },
  };
}
