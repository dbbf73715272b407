import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import type { KeyPrefixes } from './key-prefixes';
import { unlessTooLarge } from './read-keys';

const script = readAsset('src/aliases/sink/lua/scan.lua');

/** The most bytes of a key's name, once a page has brought too much. */
const nameBytes = 16 * 1024;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** scan.lua */
    millraceScanKeysBuffer(
      cursor: string,
      count: number,
      pattern: string,
      longest: number,
      ...prefixes: string[]
    ): Result<readonly [cursor: Buffer, names: Buffer], Context>;
  }
}

export interface ScannedPage {
  readonly cursor: string;
  /** Packed. */
  readonly names: Buffer;
}

/** A step of SCAN over all keys with these prefixes. Where names are too long to be read, those over 16 KB are left out. @throws explained errors */
export async function scanKeys(
  connection: RedisConnection,
  { pattern = '', all }: KeyPrefixes,
  cursor: string,
  count: number,
): Promise<ScannedPage> {
  const { client } = connection;
  if (!Object.hasOwn(client, 'millraceScanKeys'))
    client.defineCommand('millraceScanKeys', { lua: script, numberOfKeys: 0 });
  const page = (longest: number) => () =>
    client.millraceScanKeysBuffer(cursor, count, pattern, longest, ...all);
  const [next, names] = await unlessTooLarge(connection, page(0), page(nameBytes));
  return { cursor: next.toString(), names };
}
