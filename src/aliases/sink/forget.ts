import type { RedisConnection } from '../../connections/redis';
import type { JudgedMapping } from './checkpoint';
import { KeyPrefixes } from './key-prefixes';
import { leftName } from './left-keys';
import { eachText } from './packed';
import { rewriteCheckpoint } from './rewrite-checkpoint';
import { scanKeys } from './scan-keys';

const keysOfPage = 1_000;

/**
 * Takes mappings that are in force no more out of the checkpoint: should they come again, they are new.
 * @throws as `rewriteCheckpoint` does
 */
export const forgetMappings = (connection: RedisConnection, names: readonly string[]): Promise<void> =>
  rewriteCheckpoint(connection, ({ mappings, ...checkpoint }) =>
    mappings === undefined
      ? undefined
      : {
          ...checkpoint,
          mappings: Object.fromEntries(
            Object.entries(mappings).filter(
              ([name, { prefix }]) => !names.includes(name) && !names.includes(leftName(name, prefix)),
            ),
          ),
        },
  );

/**
 * Deletes the keys that a mapping has left: those under its prefix that are of the type which it made, unless they are another mapping's now.
 * @param served the prefixes of the mappings in force @returns how many @throws explained errors
 */
export async function deleteLeft(
  connection: RedisConnection,
  { prefix, holds }: Pick<JudgedMapping, 'prefix' | 'holds'>,
  served: readonly string[],
): Promise<number> {
  const prefixes = new KeyPrefixes([['left', { prefix }]]);
  const others = new KeyPrefixes(served.map((of) => [of, { prefix: of }]));
  let deleted = 0;
  let cursor = '0';
  do {
    const { cursor: next, names } = await scanKeys(connection, prefixes, cursor, keysOfPage);
    cursor = next;
    const ours: Buffer[] = [];
    eachText(names, (from, to) => {
      if (prefixes.ownerOf(names, from, to) === undefined || others.ownerOf(names, from, to) !== undefined)
        return;
      ours.push(names.subarray(from, to));
    });
    try {
      const types = await Promise.all(ours.map((key) => connection.client.type(key)));
      const left = ours.filter((_, at) => types[at] === holds);
      if (left.length > 0) deleted += await connection.client.unlink(...left);
    } catch (error) {
      throw connection.translate(error);
    }
  } while (cursor !== '0');
  return deleted;
}
