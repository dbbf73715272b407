import type Redis from 'ioredis';
import { describeError } from '../foundation/errors';
import { type FieldTable, fromHash, type RecordOf } from './fields';

/** How many records are read in one round trip. */
const pageSize = 500;

export type Identified<T extends FieldTable> = RecordOf<T> & { readonly id: number };

/** The record of that id, undefined if there is none. */
export async function readRecord<T extends FieldTable>(
  client: Redis,
  { prefix, table, id }: { prefix: string; table: T; id: number },
): Promise<Identified<T> | undefined> {
  const [record] = await readRecords(client, { prefix, table, ids: [String(id)] });
  return record;
}

/** The records of these ids, in order. An id without a record (index and hash are written one after the other) is left out. */
export async function readRecords<T extends FieldTable>(
  client: Redis,
  { prefix, table, ids }: { prefix: string; table: T; ids: readonly string[] },
): Promise<Identified<T>[]> {
  const records: Identified<T>[] = [];
  const hashes = await readHashes(
    client,
    ids.map((id) => `${prefix}${id}`),
  );
  hashes.forEach((hash, index) => {
    if (hash !== undefined) records.push({ id: Number(ids[index]), ...fromHash(table, hash) });
  });
  return records;
}

/** The hashes of these keys; undefined for a missing one, or one of another type. */
export async function readHashes(
  client: Redis,
  keys: readonly string[],
): Promise<(Readonly<Record<string, string>> | undefined)[]> {
  const hashes: (Readonly<Record<string, string>> | undefined)[] = [];
  for (let from = 0; from < keys.length; from += pageSize) {
    const pipeline = client.pipeline();
    for (const key of keys.slice(from, from + pageSize)) pipeline.hgetall(key);
    for (const [error, reply] of (await pipeline.exec()) ?? []) {
      if (error !== null && !describeError(error).message.startsWith('WRONGTYPE')) throw error;
      const hash = error === null ? (reply as Record<string, string>) : {};
      hashes.push(Object.keys(hash).length === 0 ? undefined : hash);
    }
  }
  return hashes;
}

/** How much of a list is wanted, from its beginning. Default: all of it. */
export interface Slice {
  readonly offset?: number;
  readonly limit?: number;
}

/** Ids from an index, in its order. */
export function readIndex(client: Redis, key: string, { offset = 0, limit }: Slice = {}): Promise<string[]> {
  if (limit !== undefined && limit < 1) return Promise.resolve([]);
  return client.zrange(key, offset, limit === undefined ? -1 : offset + limit - 1);
}
