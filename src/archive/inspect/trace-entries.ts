import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import type { OwnKind } from '../../mapping/kinds';
import { readEntryPositions } from '../position/entry-positions';
import { keyOf } from '../record/key';
import { compareEntryIds } from '../stream/entry-id';
import { EntryReader } from '../truth/entry-reader';
import { singleEntries } from '../truth/single-entries';

/** How far a stream of the user's own is read. */
export interface TracedStream {
  /** How many entries it has now. */
  readonly length: number;
  /** The last entry that was read; null: none was. */
  readonly last: string | null;
  /** About how many entries are still to be read. */
  readonly waiting: number;
  /** Of the entry that was asked for; null: none was. */
  readonly entry: TracedEntry | null;
}

export interface TracedEntry {
  readonly id: string;
  readonly isInStream: boolean;
  /** Whether the stream is read beyond it. */
  readonly isRead: boolean;
}

/** @param name what follows the prefix in the stream's key @param entryId of the entry that was asked for. @throws the stores' errors, explained */
export async function traceStream(
  { redis, postgres }: { readonly redis: RedisConnection; readonly postgres: PostgresConnection },
  kind: OwnKind,
  name: Buffer,
  entryId: string | undefined,
): Promise<TracedStream> {
  const reader = new EntryReader(redis, postgres);
  const id = name.toString('latin1');
  const last =
    (await readEntryPositions(postgres, kind, [id]).catch(explained(postgres))).get(id)?.last ?? null;
  const waiting = (await reader.waiting(kind, [id])).get(id) ?? 0;
  const key = keyOf(kind, name);
  const type = await redis.client.type(key).catch(explained(redis));
  if (type !== 'stream') return { length: 0, last, waiting: 0, entry: entryOf(entryId, false, last) };
  const length = await redis.client.xlen(key).catch(explained(redis));
  const isThere = entryId !== undefined && (await singleEntries(redis, kind, name, [entryId])).size > 0;
  return { length, last, waiting, entry: entryOf(entryId, isThere, last) };
}

const explained =
  (connection: Pick<RedisConnection | PostgresConnection, 'translate'>) =>
  (error: unknown): never => {
    throw connection.translate(error);
  };

const entryOf = (id: string | undefined, isInStream: boolean, last: string | null): TracedEntry | null =>
  id === undefined ? null : { id, isInStream, isRead: last !== null && compareEntryIds(id, last) <= 0 };
