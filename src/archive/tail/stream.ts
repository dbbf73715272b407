import { describeError } from '../../foundation/errors';
import { type Carried, countRecords, largeEntry, strange } from '../batch/carried';
import type { DeadLetter } from '../letters/dead-letters';
import type { KindName } from '../../mapping/kinds';
import type { StreamFields } from '../stream/fields';
import type { Happening, Nominations } from '../record/nomination';
import { idsIn } from '../stream/nominate';

/** An entry as XREAD returns it: id, then field, value, field, value … */
export type Entry = readonly [Buffer, readonly Buffer[] | null];

/** What a page of the stream tells, as it came: whatever has to be asked for it is the applier's affair. */
export interface Page {
  /** Id of its last entry: the position after it. */
  readonly position: string;
  /** When its first entry was written, by Redis' clock, in milliseconds since 1970. */
  readonly since: number;
  readonly entries: number;
  readonly records: number;
  readonly bytes: number;
  /** Records that came by value, in order. */
  readonly carried: readonly Carried[];
  /** What is no record. */
  readonly letters: readonly DeadLetter[];
  /** Records to look up, by kind: ids as latin1, so that any bytes survive. */
  readonly nominated: Nominations;
  readonly deleted: Nominations;
  /** What is, or may be, gone though nobody deleted it. */
  readonly lapsed: Nominations;
  /** Ids of the packed kind (predictions) that came by value, or from Postgres (`millrace warm`): their notifications are echoes. */
  readonly echoing: readonly number[];
  /** Whole keys, latin1, that no mapping has. */
  readonly unmapped: readonly string[];
  /** How many fields named records of mappings that were taken out since, by mapping. */
  readonly takenOut: ReadonlyMap<KindName, number>;
  /** What an entry said is not known: only a full pass finds what it was about. */
  readonly owesPass: boolean;
}

export const millisecondsOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

/** Sorts a page's entries. Nothing in a stream that anybody can write to is an error: what cannot be understood is parked. */
export function readPage(entries: readonly Entry[], fieldsOf: StreamFields): Page {
  const carried: Carried[] = [];
  const letters: DeadLetter[] = [];
  const echoing: number[] = [];
  const unmapped: string[] = [];
  const takenOut = new Map<KindName, number>();
  const nominated = new Map<KindName, Set<string>>();
  const deleted = new Map<KindName, Set<string>>();
  const lapsed = new Map<KindName, Set<string>>();
  let records = 0;
  let bytes = 0;
  let owesPass = false;
  const note = (what: Happening, kind: KindName, id: string): void => {
    if (what !== 'changed') idsOf(what === 'deleted' ? deleted : lapsed, kind).add(id);
    // What is gone is looked up as well: it may have been written again since.
    idsOf(nominated, kind).add(id);
  };
  for (const [id, fields] of entries) {
    const entryId = id.toString('latin1');
    for (let at = 0; at < (fields?.length ?? 0); at += 2) {
      const name = fields?.[at] ?? Buffer.alloc(0);
      const value = fields?.[at + 1] ?? Buffer.alloc(0);
      bytes += name.length + value.length;
      const field = fieldsOf.read(name);
      if (field.says === 'carries') {
        const one = { kind: field.kind, value, from: { entryId, pair: at / 2 } };
        carried.push(one);
        records += countRecords(one, echoing);
        continue;
      }
      records++;
      if (field.says === 'too-large') {
        owesPass = true;
        letters.push(largeEntry(value.toString('latin1')));
      } else if (field.says === 'changed' || field.says === 'deleted' || field.says === 'lapsed') {
        note(field.says, field.kind.name, value.toString('latin1'));
      } else if (field.says === 'taken out') {
        takenOut.set(field.kind, (takenOut.get(field.kind) ?? 0) + 1);
      } else if (field.says === 'of a key') {
        const key = value.toString('latin1');
        const happened = fieldsOf.happeningTo(key, field.what);
        if (happened === undefined) unmapped.push(key);
        else note(happened.what, happened.kind, happened.id);
      } else if (field.says === 'several changed' || field.says === 'restored') {
        let ids: readonly string[] = [];
        try {
          ids = idsIn(value);
        } catch (error) {
          const message = `the value of ${JSON.stringify(field.text)} is damaged: ${describeError(error).message}`;
          letters.push(strange({ entryId, pair: at / 2 }, field.text, message));
        }
        records += ids.length - 1;
        for (const one of ids) {
          if (field.says === 'restored') echoing.push(Number(one));
          else idsOf(nominated, field.kind.name).add(one);
        }
      } else {
        const message = `nobody knows what the field ${JSON.stringify(field.text.slice(0, 60))} means`;
        letters.push(strange({ entryId, pair: at / 2 }, field.text, message));
      }
    }
  }
  const first = entries[0]?.[0].toString('latin1') ?? '0-0';
  const position = entries.at(-1)?.[0].toString('latin1') ?? '0-0';
  const since = millisecondsOf(first);
  return {
    position,
    since,
    entries: entries.length,
    records,
    bytes,
    carried,
    letters,
    nominated,
    deleted,
    lapsed,
    echoing,
    unmapped,
    takenOut,
    owesPass,
  };
}

function idsOf(nominations: Map<KindName, Set<string>>, name: KindName): Set<string> {
  let ids = nominations.get(name);
  if (ids === undefined) nominations.set(name, (ids = new Set()));
  return ids;
}
