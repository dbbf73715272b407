import type { Redis } from 'ioredis';
import { readAsset } from '../package-root';
import type { Entry } from './stream';

const script = readAsset('src/archive/stream-page.lua');

/** What is read at once, besides an entry that is larger alone. */
const mostEntries = 1_000;
const mostBytes = 4 * 1024 * 1024;

export interface CarefulReading {
  /** Entries after this one. */
  readonly from: string;
  /** Bytes of one entry. */
  readonly most: number;
  /** Whether larger ones are replaced, at the end of the stream; else what would replace them is returned. */
  readonly replace: boolean;
}

/** Entries, whatever is among them: see stream-page.lua. */
export async function readCarefully(
  client: Redis,
  { from, most, replace }: CarefulReading,
): Promise<readonly Entry[]> {
  const limits = [mostEntries, mostBytes, most, replace ? 1 : 0];
  return (await client.callBuffer('EVAL', script, 0, from, ...limits)) as readonly Entry[];
}
