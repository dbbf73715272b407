import type { Redis } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { Catalogue } from '../../mapping/kinds';
import { changesStream } from '../../writer/keys';
import { shapeOf } from '../record/shape';
import type { Entry } from './stream';

const script = readAsset('src/archive/tail/lua/stream-page.lua');

/** The most bytes that are read at once; a single entry may be larger. */
const mostBytes = 4 * 1024 * 1024;

export interface CarefulReading {
  readonly catalogue: Catalogue;
  /** Entries after this one. */
  readonly from: string;
  /** At the most: none behind them is looked at, whose size nobody knows. */
  readonly entries: number;
  /** Bytes of one entry. */
  readonly most: number;
}

/** Entries, of which some are large: see stream-page.lua. */
export async function readCarefully(
  client: Redis,
  { catalogue, from, entries, most }: CarefulReading,
): Promise<readonly Entry[]> {
  const carried = [...catalogue.values()].filter((kind) => kind.carried);
  return (await client.callBuffer(
    'EVAL',
    script,
    1,
    changesStream,
    from,
    entries,
    mostBytes,
    most,
    ...carried.flatMap((kind) => [kind.name, shapeOf(kind).several ? 1 : 0]),
  )) as readonly Entry[];
}
