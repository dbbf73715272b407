import { randomBytes } from 'node:crypto';
import { retryable } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { checkpointKey, type JudgedMapping, parseCheckpoint, readCheckpoint } from './checkpoint';
import { KeyPrefixes } from './key-prefixes';
import { leftName } from './left-keys';
import { scanKeys } from './read-keys';

const swap = readAsset('src/aliases/sink/lua/swap.lua');
const mostBytes = 16 * 1024 ** 2;
const attempts = 10;
const keysOfPage = 1_000;

/**
 * Takes mappings that are in force no more out of the checkpoint: should they come again, they are new. A running daemon finds another stamp,
 * and goes on from there.
 * @throws explained errors; E_REDIS (retryable) while daemons apply without a pause
 */
export async function forgetMappings(connection: RedisConnection, names: readonly string[]): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const found = await readCheckpoint(connection);
    const checkpoint = parseCheckpoint(found);
    if (checkpoint?.mappings === undefined) return;
    const mappings = Object.fromEntries(
      Object.entries(checkpoint.mappings).filter(
        ([name, { prefix }]) => !names.includes(name) && !names.includes(leftName(name, prefix)),
      ),
    );
    const next = JSON.stringify({
      ...checkpoint,
      mappings,
      stamp: `${randomBytes(4).toString('hex')}.forget`,
    });
    try {
      const done = await connection.client.eval(swap, 1, checkpointKey, found, next, mostBytes);
      if (done === 1) return;
    } catch (error) {
      throw connection.translate(error);
    }
  }
  throw retryable('changes are applied without a pause', {
    code: 'E_REDIS',
    hint: 'Try again, or pause the daemon meanwhile: `millrace pause --only cache`.',
  });
}

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
    const [next, keys] = await scanKeys(connection, prefixes, cursor, keysOfPage);
    cursor = next.toString();
    const ours = keys.filter(
      (key) => prefixes.ownerOf(key) !== undefined && others.ownerOf(key) === undefined,
    );
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
