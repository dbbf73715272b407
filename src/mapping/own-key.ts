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

/** A column that, with others, tells a row from all other rows of its table. */
export interface IdentityColumn {
  readonly column: string;
  readonly type: IdentityType | 'time';
}

/** The types of which a value has a single spelling, so that two things in Redis cannot be one row. */
export const identityTypes = ['text', 'int', 'uuid', 'bytes'] as const;
export type IdentityType = (typeof identityTypes)[number];

/** What tells one of the things that a key holds from the others of that key. */
export interface OwnItem extends IdentityColumn {
  readonly type: IdentityType;
  readonly each: Each;
}

/** A column that names a record of another mapping, by that one's key, which has a single part. */
export interface OwnReference {
  readonly column: string;
  /** The other mapping. */
  readonly kind: string;
}

/**
 * What a mapping of the user's own says of its records beside their columns. The key is the identity, and a row follows its key; or the
 * key and the time at which the record was made, where keys come again for other records (ids that begin anew with each flush).
 */
export interface OwnRecord {
  /** Together, and with the item, they are the unique key of the table. None: there is one key, the kind's prefix, and it has items. */
  readonly parts: readonly OwnKeyPart[];
  readonly refers: readonly OwnReference[];
  /** Columns, beside the key, in which Postgres allows one row only: a record with what another row has is parked. */
  readonly unique: readonly (readonly string[])[];
  /** A value that means that there is none; undefined: no value does. */
  readonly none: string | undefined;
  /** Of a mapping whose keys hold several records: what they are. Its column is none of the kind's `columns`, as those of the parts are. */
  readonly item: OwnItem | undefined;
  /** The column, one of the kind's `columns`, with the creation time that tells a record from others that have had its key; undefined: its key is all that tells it. */
  readonly born: string | undefined;
  /** What becomes of a row with the record's key that no record was written to yet; undefined: nothing was said, see own-rules.ts. */
  readonly onConflict: 'skip' | 'overwrite' | 'merge' | undefined;
  /** After how many days records leave Redis, once they are in Postgres; undefined: they stay. */
  readonly retentionDays: number | undefined;
  /** What becomes of the row of a record that the application deletes; `mark`: it gets a time in `deleted_at`. */
  readonly onDelete: 'keep' | 'delete' | 'mark';
}

/** What tells the rows of one key apart, where it may have several: the item, or the creation time. */
export const tellerOf = ({ item, born }: Pick<OwnRecord, 'item' | 'born'>): IdentityColumn | undefined =>
  item ?? (born === undefined ? undefined : { column: born, type: 'time' });

/** The columns by which a row is found: those of the key's parts, and what tells the rows of a key apart. */
export function identityOfOwn(own: Pick<OwnRecord, 'parts' | 'item' | 'born'>): readonly IdentityColumn[] {
  const teller = tellerOf(own);
  return teller === undefined ? own.parts : [...own.parts, teller];
}

/** The column that `on_delete: mark` writes. */
export const markColumn = 'deleted_at';

/** Text as keys come: a character a byte. Nearly all is the same in both. */
export const latin1 = (text: string): string =>
  Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');

const numeric = /^[+-]?\d+$/;

/**
 * The parts of a key, as it writes them. @param name what follows the prefix, as latin1 @returns undefined: the key is not of this form,
 * and so no record of this mapping: it has a colon more, an empty part, or a word where a number belongs; or is not the only key that has
 * no part
 */
export function partsOf({ parts }: Pick<OwnRecord, 'parts'>, name: string): readonly string[] | undefined {
  const found: string[] = [];
  if (parts.length === 0) return name === '' ? found : undefined;
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

/** Whether no key can be of two forms that begin with one prefix. Parts have no colons, so that words between these tell. */
export function areApart(one: OwnRecord['parts'], other: OwnRecord['parts']): boolean {
  if ([...one, ...other].some(({ rest }) => rest)) return false;
  const words = (parts: OwnRecord['parts']) =>
    parts
      .map(({ after }) => place + after)
      .join('')
      .split(':');
  const [here, there] = [words(one), words(other)];
  const isWord = (text: string | undefined) => text !== undefined && !text.includes(place);
  return (
    here.length !== there.length ||
    here.some((word, at) => isWord(word) && isWord(there[at]) && word !== there[at])
  );
}

/** Stands for a part; no template has it. */
const place = '\0';

/** What follows the prefix in the key of a record with a single part, as latin1. */
export const nameOf = ({ parts: [part] }: Pick<OwnRecord, 'parts'>, value: string): string =>
  latin1(value + (part?.after ?? ''));

/** Whether a value can name a record: where a key holds several, or comes again for others, it does not say which. */
export const isNamedByOne = (own: Pick<OwnRecord, 'parts' | 'item' | 'born'>): boolean =>
  own.parts.length === 1 && tellerOf(own) === undefined;
