import { harmless } from '../foundation/harmless';
import type { LeftOut } from './documents';
import { typeOf, type FieldType } from './field-types';
import { type KeyShape, shapeText } from './key-shapes';
import { clash } from './prefixes';
import type { HashSample } from './redis-sample';
import { freeName, plural, singular, slug } from './words';

export interface ProposedRecord {
  readonly name: string;
  /** With types: `user:{id:int}`. */
  readonly key: string;
  readonly table: string;
  readonly columns: readonly ProposedColumn[];
  /** An empty value means NULL: a column that is no text has some. */
  readonly emptyIsNull: boolean;
  readonly remarks: readonly string[];
}

export interface ProposedColumn {
  readonly column: string;
  readonly field: string;
  readonly type: FieldType;
}

/** A shape, and what a few of its hashes hold; none for other types. */
export interface SampledShape {
  readonly shape: KeyShape;
  readonly hashes: readonly HashSample[];
}

/** A field that not one hash in so many has is nobody's column. */
const rarest = 10;

interface Known {
  /** Prefixes and names of other mappings; what is proposed is added. */
  readonly prefixes: string[];
  readonly names: Set<string>;
  /** Tables that Postgres has. */
  readonly tables: ReadonlySet<string>;
}

/** Hashes with fields in common become rows of a table. Pure, but for what is added to `known`. */
export function proposeRecords(
  sampled: readonly SampledShape[],
  known: Known,
): { readonly records: readonly ProposedRecord[]; readonly leftOut: readonly LeftOut[] } {
  const records: ProposedRecord[] = [];
  const leftOut: LeftOut[] = [];
  for (const one of sampled) {
    const proposed = propose(one, known);
    if (typeof proposed === 'string') leftOut.push({ name: shapeText(one.shape), why: proposed });
    else records.push(proposed);
  }
  return { records, leftOut };
}

function propose(
  { shape, hashes }: SampledShape,
  { prefixes, names, tables }: Known,
): ProposedRecord | string {
  if (shape.type !== 'hash') return `${shape.type}: hashes alone are proposed`;
  const places = shape.parts.flatMap((part) => ('place' in part ? [part.place] : []));
  const fields = commonFields(hashes);
  if (fields.length === 0) return 'hashes that have no fields in common: rows by `each: field`, perhaps';
  const columns = fields
    .filter(({ field }) => !places.includes(field))
    .map(({ field, values }) => ({ column: columnName(field), field, type: typeOf(values) }));
  const twice = columns.find(
    ({ column }, at) =>
      columns.findIndex((other) => other.column === column) !== at || places.includes(column),
  );
  if (twice !== undefined) return `two of its fields would be the column ${twice.column}`;
  const prefix = prefixOf(shape);
  const other = prefixes.find((one) => clash(one, prefix));
  if (other !== undefined)
    return `${harmless(prefix)} is, or is in, the prefix ${harmless(other)} of another mapping`;
  prefixes.push(prefix);
  const word = slug(wordOf(shape)) ?? 'record';
  const table = plural(word).replaceAll('-', '_');
  const isThere = tables.has(table);
  return {
    name: freeName([singular(word), word], names),
    key: shape.parts
      .map((part) => ('literal' in part ? part.literal : `{${part.place}${part.whole ? ':int' : ''}}`))
      .join(':'),
    table: isThere ? `redis_${table}` : table,
    columns,
    emptyIsNull: fields.some(({ values }) => values.includes('') && typeOf(values) !== 'text'),
    remarks: isThere ? [`Postgres has a table ${table} already; \`table: ${table}\` would adopt it`] : [],
  };
}

/** What comes before the first place. */
const prefixOf = ({ parts }: KeyShape): string => {
  const first = parts.findIndex((part) => 'place' in part);
  return parts
    .slice(0, first)
    .map((part) => `${'literal' in part ? part.literal : ''}:`)
    .join('');
};

/** The last name in the key. */
const wordOf = ({ parts }: KeyShape): string =>
  parts.flatMap((part) => ('literal' in part ? [part.literal] : [])).at(-1) ?? '';

interface CommonField {
  readonly field: string;
  readonly values: readonly string[];
}

/** The fields of all or many of the hashes, in the order of their names (a large hash has none); nothing if most hashes have others. */
function commonFields(hashes: readonly HashSample[]): readonly CommonField[] {
  const found = new Map<string, (string | undefined)[]>();
  for (const hash of hashes)
    for (const [field, value] of hash) found.set(field, [...(found.get(field) ?? []), value]);
  const common = [...found].filter(([, values]) => values.length * rarest >= hashes.length);
  const shared = common.filter(([, values]) => values.length * 2 >= hashes.length);
  if (shared.length * 2 < common.length) return [];
  return common
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([field, values]) => ({ field, values: values.filter((value) => value !== undefined) }));
}

/** As Postgres writes names without quotes. */
const columnName = (field: string): string =>
  field
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '_')
    .slice(0, 63) || 'field';
