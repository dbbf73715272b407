import type { KindName } from '../../mapping/kinds';
import type { Nomination } from '../record/nomination';
import { marks } from './fields';

/** The most records and bytes in one entry (a single longer key has an entry of its own). */
const entryRecords = 100;
const entryBytes = 64 * 1024;

/** The bytes of latin1 text; ASCII, whose bytes are the same in UTF-8, stays text, which is cheaper to send. */
const bytes = (latin1: string): string | Buffer =>
  Buffer.byteLength(latin1) === latin1.length ? latin1 : Buffer.from(latin1, 'latin1');

/** Cuts nominations into entries, in order. */
export function entriesOf<T extends Nomination>(nominations: readonly T[]): readonly (readonly T[])[] {
  const entries: T[][] = [];
  let entry: T[] = [];
  let size = 0;
  for (const nomination of nominations) {
    const added = nomination.kind.length + 1 + nomination.id.length;
    if (entry.length === entryRecords || (entry.length > 0 && size + added > entryBytes)) {
      entries.push(entry);
      entry = [];
      size = 0;
    }
    entry.push(nomination);
    size += added;
  }
  if (entry.length > 0) entries.push(entry);
  return entries;
}

const decimal = /^\d+$/;

/**
 * The fields and values of an entry, for XADD: `<kind>-` tells a deletion; `<kind>.` a record that is or may be gone though nobody deleted
 * it; `<kind>` nominates one record, and `<kind>*` several, with spaces between their ids. Nearly every id is a number, and one value for
 * all is cheaper than a pair for each.
 */
export function entryFields(entry: readonly Nomination[]): (string | Buffer)[] {
  const fields: (string | Buffer)[] = [];
  const numbers = new Map<KindName, string>();
  for (const { kind, id, what } of entry) {
    if (what !== 'changed') fields.push(kind + marks[what], bytes(id));
    else if (!decimal.test(id)) fields.push(kind, bytes(id));
    else {
      const before = numbers.get(kind);
      numbers.set(kind, before === undefined ? id : `${before} ${id}`);
    }
  }
  for (const [kind, ids] of numbers) fields.push(`${kind}*`, ids);
  return fields;
}

/** The ids in the value of a `<kind>*` field. @throws when it is damaged */
export function idsIn(value: Buffer): readonly string[] {
  const ids = value.toString('latin1').split(' ');
  const strange = ids.find((id) => !decimal.test(id));
  if (strange !== undefined) throw new Error(`${JSON.stringify(strange.slice(0, 60))} is no decimal id`);
  return ids;
}
