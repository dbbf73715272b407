import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import type { Kind } from '../../mapping/kinds';
import type { Found } from '../record/found';
import { keyOf } from '../record/key';
import { unpack } from '../record/packed';
import { shapeOf } from '../record/shape';
import { tooLarge, type Unfit } from '../record/unfit';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    /** read-entry.lua */
    millraceReadEntryBuffer(
      key: Buffer,
      ...args: (string | number)[]
    ): Result<readonly (null | number | Buffer)[], Context>;
  }
}

/** The scripts that read entries of the user's own begin alike. */
export const entryScript = (name: string): string =>
  readAsset('src/archive/truth/lua/packed-entry.lua') + readAsset(`src/archive/truth/lua/${name}.lua`);

/** Names the last entry of a stream. */
export const lastEntry = '+';

/**
 * Single entries of a stream of the user's own, by their ids (or `lastEntry`), as far as they are there. @param name what follows the prefix in
 * its key
 */
export async function singleEntries(
  redis: RedisConnection,
  kind: Kind,
  name: Buffer,
  entryIds: readonly string[],
): Promise<ReadonlyMap<string, Found | Unfit>> {
  const { client, maxRecordBytes: most } = redis;
  client.defineCommand('millraceReadEntry', { lua: entryScript('read-entry'), numberOfKeys: 1 });
  const fields = shapeOf(kind).fields(kind);
  const replies = await client
    .millraceReadEntryBuffer(keyOf(kind, name), most, fields.length, ...fields, ...entryIds)
    .catch((error: unknown) => {
      throw redis.translate(error);
    });
  const found = new Map<string, Found | Unfit>();
  for (const [index, reply] of replies.entries()) {
    if (reply === null) continue;
    const entry = Buffer.isBuffer(reply) ? entryOf(kind, name, unpack(reply)) : tooLarge(reply, most);
    found.set(entryIds[index] ?? '', entry);
  }
  return found;
}

/** @param values the id, then those of the kind's fields */
export const entryOf = (kind: Kind, name: Buffer, values: Found['values']): Found => ({
  ...{ kind, id: name, parents: [], values },
});

/** How many entries streams have together. @param ids what follows the prefix in their keys, latin1 */
export async function countEntries(
  redis: RedisConnection,
  kind: Kind,
  ids: Iterable<string>,
): Promise<number> {
  const pipeline = redis.client.pipeline();
  for (const id of ids) pipeline.xlen(keyOf(kind, Buffer.from(id, 'latin1')));
  try {
    const replies = (await pipeline.exec()) ?? [];
    return replies.reduce((sum, [, length]) => sum + (typeof length === 'number' ? length : 0), 0);
  } catch (error) {
    throw redis.translate(error);
  }
}
