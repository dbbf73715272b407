import type { RedisConnection } from '../../connections/redis';
import { recordIn, split } from '../batch/carried';
import { idsIn } from '../stream/nominate';
import { changesStream } from '../../writer/keys';
import type { Kind } from '../../mapping/kinds';
import { keyOf } from '../record/key';
import { PackedError } from '../record/packed';
import { happenings, keyField, marks, partField } from '../stream/fields';
import { refusedReply } from '../stream/refused-reply';
import { type Entry, millisecondsOf } from '../tail/stream';

/** An entry of the stream that names a record and is not applied yet. */
export interface WaitingEntry {
  readonly entryId: string;
  /** When it was written, by Redis' clock; milliseconds since 1970. */
  readonly at: number;
  /** How many entries come before it. */
  readonly before: number;
  readonly says: 'changed' | 'deleted' | 'lapsed' | 'carries the record';
}

export interface WaitingScan {
  readonly entries: readonly WaitingEntry[];
  /** How many entries were looked at. */
  readonly looked: number;
  /** How many of them are too large to be read: what they name is not known. */
  readonly tooLarge: number;
  /** False: more entries wait than were looked at. */
  readonly complete: boolean;
}

const page = 1_000;
/** The most entries that are looked at: reading them takes about ten seconds. */
const mostEntries = 1_000_000;

/** Looks for a record in the entries that wait in the stream. Reads only. @param id the part of its key after the prefix */
export async function scanWaiting(
  redis: RedisConnection,
  position: string,
  kind: Kind,
  id: Buffer,
): Promise<WaitingScan> {
  const entries: WaitingEntry[] = [];
  let looked = 0;
  let tooLarge = 0;
  let from = position;
  while (looked < mostEntries) {
    const read = await entriesAfter(redis, from, page);
    for (const [index, [entryId, fields]] of read.entries()) {
      if (fields === null || fields[0]?.toString('latin1') === 'too-large') tooLarge++;
      const says = whatItSays(fields ?? [], kind, id);
      if (says === undefined) continue;
      const text = entryId.toString('latin1');
      entries.push({ entryId: text, at: millisecondsOf(text), before: looked + index, says });
    }
    looked += read.length;
    const last = read.at(-1)?.[0].toString('latin1');
    if (last === undefined) return { entries, looked, tooLarge, complete: true };
    from = last;
  }
  return { entries, looked, tooLarge, complete: false };
}

/** The next entries: up to `count`, as many as can be received together; or a single one that cannot be received, without its fields. */
async function entriesAfter(redis: RedisConnection, from: string, count: number): Promise<readonly Entry[]> {
  try {
    return await redis.client.xrangeBuffer(changesStream, `(${from}`, '+', 'COUNT', count);
  } catch (error) {
    const { fit, firstId } = await refusedReply(redis, error);
    if (fit > 0) return entriesAfter(redis, from, fit);
    if (firstId === undefined) throw redis.translate(error);
    return [[Buffer.from(firstId), null]];
  }
}

/** What an entry says of a record; undefined: nothing. Pure. */
export function whatItSays(
  fields: readonly Buffer[],
  kind: Kind,
  id: Buffer,
): WaitingEntry['says'] | undefined {
  const { name } = kind;
  const key = keyOf(kind, id);
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = fields[at]?.toString('latin1') ?? '';
    const value = fields[at + 1] ?? Buffer.alloc(0);
    const what = happenings.find(
      (one) =>
        (field === name + marks[one] && value.equals(id)) || (field === keyField(one) && value.equals(key)),
    );
    if (what !== undefined) return what;
    if (field === partField && value.equals(key)) return 'changed';
    if (field === `${name}*` && namedIn(value, id.toString('latin1'))) return 'changed';
    if (kind.carried && field === `${name}=` && carriesIt({ kind, value }, id)) return 'carries the record';
  }
  return undefined;
}

function namedIn(value: Buffer, id: string): boolean {
  try {
    return idsIn(value).includes(id);
  } catch {
    return false; // a damaged field: the applier will park it
  }
}

function carriesIt(carried: Parameters<typeof split>[0], id: Buffer): boolean {
  for (const one of split(carried)) {
    try {
      if (recordIn(one).id.equals(id)) return true;
    } catch (error) {
      if (!(error instanceof PackedError)) throw error;
    }
  }
  return false;
}
