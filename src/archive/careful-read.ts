import type { Redis } from 'ioredis';
import { readAsset } from '../package-root';
import type { Entry } from './stream';

const script = readAsset('src/archive/stream-page.lua');

/** What is read at once, besides an entry that is larger alone. */
const mostEntries = 1_000;
const mostBytes = 4 * 1024 * 1024;

export interface CarefulPage {
  readonly entries: readonly Entry[];
  /** Bytes of those whose contents were left out, by id. */
  readonly large: ReadonlyMap<string, number>;
  /** How many were too large, whether their contents could be replaced or not. */
  readonly heavy: number;
}

/**
 * Entries after `from`, whatever is in them: see stream-page.lua. Reads only.
 * @param most bytes of one entry; of a larger one the records it carries are only named
 */
export async function readCarefully(client: Redis, from: string, most: number): Promise<CarefulPage> {
  const reply = (await client.callBuffer('EVAL', script, 0, from, mostEntries, mostBytes, most)) as readonly [
    readonly Entry[],
    readonly (Buffer | number)[],
    number,
  ];
  const [entries, flat, heavy] = reply;
  const large = new Map<string, number>();
  for (let at = 0; at < flat.length; at += 2) large.set(String(flat[at]), Number(flat[at + 1]));
  return { entries, large, heavy };
}
