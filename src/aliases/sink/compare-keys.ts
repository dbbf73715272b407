import type { RedisConnection } from '../../connections/redis';
import type { Keyspace } from '../../mapping/documents';
import { readValues } from './read-keys';
import { compareScript, wantedArguments } from './scripts';

/** How a key is, against what it should hold. `other`: it is of another Redis type. */
export type KeyState = 'absent' | 'other' | 'same' | 'different';

const states: Readonly<Record<string, KeyState>> = { a: 'absent', o: 'other', s: 'same', d: 'different' };

/** Whether MGET alone tells all about keys of this kind: it is faster than any script. */
export const isPlain = ({ holds, ttl }: Keyspace): boolean => holds === 'string' && ttl === undefined;

/**
 * Compares keys with the wanted values: plain strings here, everything else inside Redis.
 * @param exactly plain strings inside Redis, too: MGET takes a key of another type for an absent one. @throws explained errors
 */
export async function compareKeys(
  connection: RedisConnection,
  keyspace: Keyspace,
  { keys, values }: { readonly keys: readonly (string | Buffer)[]; readonly values: readonly string[] },
  exactly = false,
): Promise<readonly KeyState[]> {
  if (keys.length === 0) return [];
  if (isPlain(keyspace) && !exactly) {
    const found = await readValues(connection, keys);
    return keys.map((_, at) =>
      found[at] == null ? 'absent' : found[at] === values[at] ? 'same' : 'different',
    );
  }
  try {
    const wanted = wantedArguments(keyspace, values);
    const letters = (await connection.client.eval(compareScript, 0, ...wanted, ...keys)) as string;
    return Array.from(letters, (letter) => states[letter] ?? 'different');
  } catch (error) {
    throw connection.translate(error);
  }
}
