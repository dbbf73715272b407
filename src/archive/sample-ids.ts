import { globOf } from '../connections/keyspace-pattern';
import type { RedisConnection } from '../connections/redis';
import type { Catalogue, Kind } from '../mapping/kinds';
import { mostKeyBytes, recordOf } from './record/key';
import { beginning } from './truth/scan';

/** SCAN's COUNT: others wait while Redis looks at so many keys, for less than a millisecond. */
const scanCount = 500;
/** A kind with few keys among very many is given up after so long. */
const patienceMs = 250;

export interface SampleIds {
  readonly ids: readonly Buffer[];
  /** Whether all keys of Redis were looked at. */
  readonly complete: boolean;
}

/** A few records of a kind that Redis has, in no order: the parts of their keys after the prefix. @throws ioredis' errors */
export async function sampleIds(
  { client }: RedisConnection,
  catalogue: Catalogue,
  kind: Kind,
  most: number,
): Promise<SampleIds> {
  const prefix = Buffer.from(kind.prefix);
  // A kind with a single key; whether that is there, whoever reads it finds out.
  if (kind.own?.parts.length === 0) return { ids: [Buffer.alloc(0)], complete: true };
  const until = performance.now() + patienceMs;
  const ids = new Map<string, Buffer>(); // SCAN may name a key twice
  let cursor = beginning;
  do {
    const [next, keys] = await client.scanBuffer(
      cursor,
      'MATCH',
      `${globOf(kind.prefix)}*`,
      'COUNT',
      scanCount,
    );
    cursor = next.toString('latin1');
    for (const key of keys) {
      if (ids.size === most) return { ids: [...ids.values()], complete: false };
      if (key.length > mostKeyBytes || recordOf(catalogue, key.toString('latin1'))?.kind !== kind.name)
        continue;
      ids.set(key.toString('latin1'), key.subarray(prefix.length));
    }
  } while (cursor !== beginning && performance.now() < until);
  return { ids: [...ids.values()], complete: cursor === beginning };
}
