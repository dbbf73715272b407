import type { Redis } from 'ioredis';
import { readCarefully } from './careful-read';
import { carriedKind, recordIn, split } from './carried';
import type { KindName } from './kinds';
import { idsIn } from './nominate';
import { PackedError } from './packed';
import { millisecondsOf } from './stream';

/** An entry of the stream that names a record and is not applied yet. */
export interface WaitingEntry {
  readonly entryId: string;
  /** When it was written, by Redis' clock; milliseconds since 1970. */
  readonly at: number;
  /** Entries to be applied before it. */
  readonly before: number;
  readonly says: 'changed' | 'deleted' | 'lapsed' | 'carries the record';
}

export interface WaitingScan {
  readonly entries: readonly WaitingEntry[];
  /** Entries looked at. */
  readonly looked: number;
  /** False: more waits than was looked at. */
  readonly complete: boolean;
}

/** Of a larger entry the records that it carries are only named. */
const most = 1024 * 1024;
/** About ten seconds of reading. */
const mostEntries = 1_000_000;

/** Looks through what waits in the stream for a record. Reads only. @param id what follows `aidb:<kind>:` */
export async function scanWaiting(
  client: Redis,
  position: string,
  kind: KindName,
  id: Buffer,
): Promise<WaitingScan> {
  const entries: WaitingEntry[] = [];
  let looked = 0;
  let from = position;
  while (looked < mostEntries) {
    const page = await readCarefully(client, { from, most, replace: false });
    for (const [index, [entryId, fields]] of page.entries()) {
      const says = whatItSays(fields ?? [], kind, id);
      if (says === undefined) continue;
      const text = entryId.toString('latin1');
      entries.push({ entryId: text, at: millisecondsOf(text), before: looked + index, says });
    }
    looked += page.length;
    const last = page.at(-1)?.[0].toString('latin1');
    if (last === undefined) return { entries, looked, complete: true };
    from = last;
  }
  return { entries, looked, complete: false };
}

/** What an entry says of a record; undefined: nothing. The forms are those of found.ts and nominate.ts. Pure. */
export function whatItSays(
  fields: readonly Buffer[],
  kind: KindName,
  id: Buffer,
): WaitingEntry['says'] | undefined {
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = fields[at]?.toString('latin1') ?? '';
    const value = fields[at + 1] ?? Buffer.alloc(0);
    if (field === kind && value.equals(id)) return 'changed';
    if (field === `${kind}-` && value.equals(id)) return 'deleted';
    if (field === `${kind}.` && value.equals(id)) return 'lapsed';
    if (field === `${kind}*` && namedIn(value, id.toString('latin1'))) return 'changed';
    const carried = carriedKind(field);
    if (carried === kind && carriesIt({ kind: carried, value }, id)) return 'carries the record';
  }
  return undefined;
}

function namedIn(value: Buffer, id: string): boolean {
  try {
    return idsIn(value).includes(id);
  } catch {
    return false; // it will be parked as what it is
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
