import { describeError } from '../../foundation/errors';
import { Batch } from '../batch/batch';
import { carriedKind, largeEntry, strange } from '../batch/carried';
import type { KnownId } from '../batch/carried-copy';
import { isKind, type KindName, kindNames } from '../../mapping/kinds';
import type { Nominations } from '../record/nomination';
import { idsIn } from '../stream/nominate';

/** An entry as XREAD returns it: id, then field, value, field, value … */
export type Entry = readonly [Buffer, readonly Buffer[] | null];

/** What a page of the stream asks for. */
export interface Page {
  /** Id of its last entry: the position after it. */
  readonly position: string;
  /** When its first entry was written, by Redis' clock, in milliseconds since 1970. */
  readonly since: number;
  readonly entries: number;
  readonly records: number;
  readonly bytes: number;
  /** Records that came by value, and what is no record. */
  readonly batch: Batch;
  /** Records to look up, by kind: ids as latin1, so that any bytes survive. */
  readonly nominated: Nominations;
  readonly deleted: Nominations;
  /** What is, or may be, gone though nobody deleted it. */
  readonly lapsed: Nominations;
  /** Predictions (ids) that came by value, or from Postgres (`millrace warm`): their notifications are echoes. */
  readonly carried: readonly number[];
  /** What an entry said is not known: only a full pass finds what it was about. */
  readonly owesPass: boolean;
}

export const millisecondsOf = (entryId: string): number => Number(entryId.slice(0, entryId.indexOf('-')));

const carriedPrediction = Buffer.from('prediction=');
/** Ids, as after `prediction*`, of predictions that `millrace warm` put back: Postgres is where they come from. */
export const restoredPrediction = 'prediction~';

const idsByKind = () => new Map<KindName, Set<string>>(kindNames.map((name) => [name, new Set()]));

/**
 * Sorts a page's entries. Nothing in a stream that anybody can write to is an error: what cannot be understood is parked.
 * @param known see carried-copy.ts
 */
export function readPage(entries: readonly Entry[], known: KnownId): Page {
  const batch = new Batch();
  const nominated = idsByKind();
  const deleted = idsByKind();
  const lapsed = idsByKind();
  const restored: number[] = [];
  let records = 0;
  let bytes = 0;
  let owesPass = false;
  for (const [id, fields] of entries) {
    const entryId = id.toString('latin1');
    for (let at = 0; at < (fields?.length ?? 0); at += 2) {
      const name = fields?.[at] ?? Buffer.alloc(0);
      const value = fields?.[at + 1] ?? Buffer.alloc(0);
      bytes += name.length + value.length;
      // Nearly all of a long page: its fields are told by their bytes.
      const field = name.equals(carriedPrediction) ? 'prediction=' : name.toString('latin1');
      const kind = carriedKind(field);
      if (kind !== undefined) {
        records += batch.addCarried({ kind, value, from: { entryId, pair: at / 2 } }, known);
        continue;
      }
      records++;
      if (field === 'too-large') {
        owesPass = true;
        batch.letters.push(largeEntry(value.toString('latin1')));
      } else if (isKind(field)) nominated.get(field)?.add(value.toString('latin1'));
      else if (/[-.]$/.test(field) && isKind(field.slice(0, -1))) {
        const gone = field.slice(0, -1) as KindName;
        (field.endsWith('-') ? deleted : lapsed).get(gone)?.add(value.toString('latin1'));
        // Looked up as well: it may have been written again since.
        nominated.get(gone)?.add(value.toString('latin1'));
      } else if (field === restoredPrediction || (field.endsWith('*') && isKind(field.slice(0, -1)))) {
        let ids: readonly string[] = [];
        try {
          ids = idsIn(value);
        } catch (error) {
          const message = `the value of ${JSON.stringify(field)} is damaged: ${describeError(error).message}`;
          batch.letters.push(strange({ entryId, pair: at / 2 }, field, message));
        }
        records += ids.length - 1;
        for (const one of ids) {
          if (field === restoredPrediction) restored.push(Number(one));
          else nominated.get(field.slice(0, -1) as KindName)?.add(one);
        }
      } else {
        const message = `nobody knows what the field ${JSON.stringify(field.slice(0, 60))} means`;
        batch.letters.push(strange({ entryId, pair: at / 2 }, field, message));
      }
    }
  }
  const first = entries[0]?.[0].toString('latin1') ?? '0-0';
  const position = entries.at(-1)?.[0].toString('latin1') ?? '0-0';
  const since = millisecondsOf(first);
  const byValue = [...(batch.copy?.ids ?? []), ...batch.of('prediction').map(({ id }) => Number(id))];
  const carried = restored.length === 0 ? byValue : [...byValue, ...restored];
  return {
    position,
    since,
    entries: entries.length,
    records,
    bytes,
    batch,
    nominated,
    deleted,
    lapsed,
    carried,
    owesPass,
  };
}
