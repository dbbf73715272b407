import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { ReplyTooLarge } from '../../connections/reply-guard';

const valuesScript = readAsset('src/aliases/sink/lua/read-values.lua');

/** The most bytes of a value, and of all values read at once, once the plain commands have brought too much. */
const valueBytes = 1024 * 1024;
const pageBytes = 8 * 1024 * 1024;

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
