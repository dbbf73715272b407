import { typeOf, type FieldType } from './field-types';
import type { HashSample } from './redis-sample';

/** A field that many of some hashes have. */
export interface CommonField {
  readonly field: string;
  /** What it could be called in Postgres, without quotes. */
  readonly column: string;
  readonly type: FieldType;
  /** It is empty in some of them, where its type has no empty value. */
  readonly maybeEmpty: boolean;
}

/** A field that not one hash in so many has is none of theirs all. */
const rarest = 10;

/** The fields of hashes, in the order of their names (a large hash has none); nothing if most hashes have others. Pure. */
export function commonFields(hashes: readonly HashSample[]): readonly CommonField[] {
  const found = new Map<string, (string | undefined)[]>();
  for (const hash of hashes)
    for (const [field, value] of hash) found.set(field, [...(found.get(field) ?? []), value]);
  const common = [...found].filter(([, values]) => values.length * rarest >= hashes.length);
  const shared = common.filter(([, values]) => values.length * 2 >= hashes.length);
  if (shared.length * 2 < common.length) return [];
  return common
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([field, values]) => {
      const seen = values.filter((value) => value !== undefined);
      const type = typeOf(seen);
      return { field, column: columnName(field), type, maybeEmpty: type !== 'text' && seen.includes('') };
    });
}

const longestColumn = 63;

const columnName = (field: string): string =>
  field
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .slice(0, longestColumn) || 'field';
