import type { RedisConnection } from '../../connections/redis';
import { readAsset } from '../../foundation/package-root';
import type { Keyspace } from '../../mapping/documents';
import { isPlain } from './compare-keys';

const script = readAsset('src/aliases/sink/lua/show.lua');

/** The most bytes that are read of one key, and of all at once. */
const keyBytes = 1024 * 1024;
const allBytes = 8 * 1024 * 1024;

/** How much of a value is shown. */
const shownChars = 10_000;

type Shown = readonly [
  type: string,
  millisecondsLeft: number,
  size: number,
  content?: string | readonly string[],
];

/** A value cut to what somebody reads. */
export const cutValue = (text: string): string =>
  text.length <= shownChars ? text : `${text.slice(0, shownChars)}… (${text.length} characters)`;

/** A key of a mapping, and the value that it should have; '' for none. */
interface WantedKey {
  readonly key: string | Buffer;
  readonly value: string;
}

/**
 * What keys hold now, in words that compare with their values; null: no such key. Whatever is large, or of another type than these keys
 * should be, is told by its type and size. @throws explained errors
 */
export async function showKeys(
  connection: RedisConnection,
  keyspace: Keyspace,
  wanted: readonly WantedKey[],
): Promise<readonly (string | null)[]> {
  if (wanted.length === 0) return [];
  const keys = wanted.map(({ key }) => key);
  const lifetimes = isPlain(keyspace) ? 0 : 1; // whoever reads aliases alone may not ask for them
  try {
    const found = await connection.client.eval(script, 0, keyBytes, allBytes, lifetimes, ...keys);
    return (found as (Shown | null)[]).map(
      (shown, at) => shown && describe(shown, keyspace, wanted[at]?.value ?? ''),
    );
  } catch (error) {
    throw connection.translate(error);
  }
}

function describe([type, left, size, content]: Shown, { holds, ttl }: Keyspace, value: string): string {
  const unit = `${type === 'string' ? 'byte' : 'element'}${size === 1 ? '' : 's'}`;
  if (type !== holds) return `(a ${type}${size > 0 ? ` of ${size} ${unit}` : ''})`;
  if (content === undefined) return `(${size} ${unit})`;
  const text = cutValue(
    typeof content === 'string' ? content : JSON.stringify(elementsOf(type, content, value)),
  );
  if (ttl === undefined) return left < 0 ? text : `${text} (expires in ${Math.ceil(left / 1_000)} s)`;
  if (left < 0) return `${text} (never expires)`;
  return left <= ttl * 1_000 ? text : `${text} (expires in ${Math.ceil(left / 1_000)} s, not ${ttl})`;
}

/** As a KeyTruth writes them: an object of a hash, a sorted array of a set, sorted pairs of a zset. */
function elementsOf(type: string, flat: readonly string[], value: string): unknown {
  if (type === 'set') return [...flat].sort();
  const pairs = flat.flatMap((element, at) => (at % 2 === 0 ? [[element, flat[at + 1] ?? ''] as const] : []));
  const byName = pairs.sort(([one], [other]) => (one < other ? -1 : 1));
  if (type === 'zset') return byName.map(([member, score]) => [member, shortScore(score)]);
  // The fields that there should be come first, in their order: Redis has none.
  const fields = new Map(byName);
  const wanted = value === '' ? [] : Object.keys(JSON.parse(value) as object);
  const order = new Set([...wanted.filter((field) => fields.has(field)), ...fields.keys()]);
  return Object.fromEntries([...order].map((field) => [field, fields.get(field)]));
}

/** Some versions of Redis tell 0.1 as 0.10000000000000001. */
const shortScore = (score: string): string =>
  Number.isFinite(Number(score)) ? String(Number(score)) : score;
