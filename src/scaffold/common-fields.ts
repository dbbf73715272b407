import type { RecordType } from '../mapping/record-forms';
import type { Fields } from './redis/contents';
import { typeOf } from './redis/field-types';
import { isIdLike } from './redis/key-shapes';

/** A field that many of some records have. */
export interface CommonField {
  readonly field: string;
  readonly type: RecordType;
  /** What it holds in them, where that is no more than is looked at. */
  readonly values: readonly string[];
  /** No value of it tells its type: it is a text, which takes all. */
  readonly unseen: boolean;
}

/** A field that not one record in so many has is none of theirs all. */
const rarest = 10;
/** More of them are no columns. */
const mostFields = 100;

/** What looks like a number, and is a name: it may begin with a zero, or have letters, in others. */
const names = /phone|mobile|fax|zip|postal|postcode|iban|isbn|\bsku|vat_?(?:id|no|number)/i;

/**
 * The fields of hashes, objects or entries, in the order of their names (a large one has none); nothing if most of these have others, or
 * if what is called a field is an id: a cart has a field for each of its products. Pure.
 */
export function commonFields(records: readonly Fields[]): readonly CommonField[] {
  const found = new Map<string, (string | undefined)[]>();
  for (const record of records)
    for (const [field, value] of record) {
      const values = found.get(field);
      if (values === undefined) found.set(field, [value]);
      else values.push(value);
    }
  const common = [...found].filter(([, values]) => values.length * rarest >= records.length);
  const shared = common.filter(([, values]) => values.length * 2 >= records.length);
  if (shared.length * 2 < common.length || common.length > mostFields) return [];
  if (common.filter(([field]) => isIdLike(field)).length * 2 >= common.length) return [];
  return common
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([field, values]) => {
      const seen = values.filter((value) => value !== undefined);
      const guessed = typeOf(seen);
      const type = guessed === 'int' && names.test(field) ? 'text' : guessed;
      return { field, type, values: seen, unseen: seen.every((value) => value === '') };
    });
}
