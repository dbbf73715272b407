import type { Redis } from 'ioredis';
import { readAsset } from '../package-root';

const script = readAsset('src/archive/entry-ids.lua');

/** Ids of the stream's entries from `from` to `to`, as XRANGE (or, backwards, XREVRANGE) takes them. Reads only. */
export async function entryIds(
  client: Redis,
  [from, to]: readonly [string, string],
  count: number,
  how: 'XRANGE' | 'XREVRANGE' = 'XRANGE',
): Promise<readonly string[]> {
  return (await client.eval(script, 0, how, from, to, count)) as string[];
}
