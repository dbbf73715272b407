import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { ReplyTooLarge } from '../../connections/reply-guard';
import type { KeyPrefixes } from './key-prefixes';

const valuesScript = readAsset('src/aliases/sink/lua/read-values.lua');
const scanScript = readAsset('src/aliases/sink/lua/scan.lua');

/** The most bytes of a value, of all values read at once, and of a key's name, once the plain commands have brought too much. */
const valueBytes = 1024 * 1024;
const pageBytes = 8 * 1024 * 1024;
const nameBytes = 16 * 1024;

/**
 * The values of keys; null where there is none. For a value too large to be read (somebody may have put hundreds of megabytes there) it
 * says `<number> bytes`, which is the value of no alias. @throws explained errors
 */
export function readValues(
  connection: RedisConnection,
  keys: readonly (string | Buffer)[],
): Promise<readonly (string | null)[]> {
  const { client } = connection;
  return unlessTooLarge(
    connection,
    () => client.mget([...keys]),
    async () => {
      const values = await client.eval(valuesScript, 0, valueBytes, pageBytes, ...keys);
      return (values as (string | number | null)[]).map((value) =>
        typeof value === 'number' ? `${value} bytes` : value,
      );
    },
  );
}

/** A step of SCAN over all keys with these prefixes. Where names are too long to be read, those over 16 KB are left out. @throws explained errors */
export function scanKeys(
  connection: RedisConnection,
  prefixes: KeyPrefixes,
  cursor: string,
  count: number,
): Promise<readonly [cursor: Buffer, keys: readonly Buffer[]]> {
  const { client } = connection;
  const { pattern } = prefixes;
  const script = async (longest: number) =>
    (await client.callBuffer('EVAL', scanScript, 0, cursor, count, longest, ...prefixes.all)) as [
      Buffer,
      Buffer[],
    ];
  return unlessTooLarge<readonly [Buffer, readonly Buffer[]]>(
    connection,
    () => (pattern === undefined ? script(0) : client.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', count)),
    () => script(nameBytes),
  );
}

/** Asks again, more carefully, where a reply was larger than we take: this one, or one beside it that took the connection along. */
export async function unlessTooLarge<T>(
  connection: RedisConnection,
  plain: () => Promise<T>,
  careful: () => Promise<T>,
): Promise<T> {
  try {
    return await plain();
  } catch (error) {
    const translated = connection.translate(error);
    if (!(translated instanceof ReplyTooLarge)) throw translated;
  }
  try {
    await connection.reconnected();
    return await careful();
  } catch (error) {
    throw connection.translate(error);
  }
}
