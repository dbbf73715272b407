import type { Each } from './record-forms';

/** A part of a key template: `{id:int}`, `{slug}`, or `{rest*}`. */
export interface OwnKeyPart {
  /** The column of the table that holds it. */
  readonly column: string;
  readonly type: 'text' | 'int';
  /** The rest of the key, with whatever colons it has; only the last part can be that. Any other part has none. */
  readonly rest: boolean;
  /** The literal behind the part; empty behind the last one at the most. */
  readonly after: string;
}

/** A column that names a record of another mapping, by that one's key, which has a single part. */
export interface OwnReference {
  readonly column: string;
  /** The other mapping. */
  readonly kind: string;
}

/** What a mapping of the user's own says of its records beside their columns. The key is the identity: a row follows its key. */
export interface OwnRecord {
  /** At least one: together they are the unique key of the table. */
  readonly parts: readonly [OwnKeyPart, ...OwnKeyPart[]];
  readonly refers: readonly OwnReference[];
  /** Columns, beside the key, in which Postgres allows one row only: a record with what another row has is parked. */
  readonly unique: readonly (readonly string[])[];
  /** A value that means that there is none; undefined: no value does. */
  readonly none: string | undefined;
  /** Of a mapping whose keys hold several records: what they are, and the column that tells one from the others of its key. */
  readonly item: { readonly each: Each; readonly column: string } | undefined;
  /** What becomes of a row with the record's key that no record was written to yet; undefined: nothing was said, see own-rules.ts. */
  readonly onConflict: 'skip' | 'overwrite' | 'merge' | undefined;
  /** After how many days records leave Redis, once they are in Postgres; undefined: they stay. */
  readonly retentionDays: number | undefined;
  /** What becomes of the row of a record that the application deletes; `mark`: it gets a time in `deleted_at`. */
  readonly onDelete: 'keep' | 'delete' | 'mark';
}

/** The column that `on_delete: mark` writes. */
export const markColumn = 'deleted_at';

/** Text as keys come: a character a byte. Nearly all is the same in both. */
export const latin1 = (text: string): string =>
  Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');

const numeric = /^[+-]?\d+$/;

/**
 * The parts of a key, as it writes them. @param name what follows the prefix, as latin1 @returns undefined: the key is not of this form,
 * and so no record of this mapping: it has a colon more, an empty part, or a word where a number belongs
 */
export function partsOf({ parts }: Pick<OwnRecord, 'parts'>, name: string): readonly string[] | undefined {
  const found: string[] = [];
  let at = 0;
  for (const [index, { type, rest, after }] of parts.entries()) {
    const literal = latin1(after);
    const isLast = index === parts.length - 1;
    const end = isLast ? name.length - literal.length : name.indexOf(literal, at);
    if (end <= at || (isLast && !name.endsWith(literal))) return undefined;
    const text = name.slice(at, end);
    if ((!rest && text.includes(':')) || (type === 'int' && !numeric.test(text))) return undefined;
    found.push(text);
    at = end + literal.length;
  }
  return found;
}

/** What follows the prefix in the key of a record with a single part, as latin1. */
export const nameOf = ({ parts: [{ after }] }: Pick<OwnRecord, 'parts'>, value: string): string =>
  latin1(value + after);
