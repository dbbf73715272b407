import type { Kind, ShapeName } from '../../mapping/kinds';
import type { Value } from './decode';
import { itemNames, itemsIn, valuesOfItem } from './own/items';
import { quote, Unfit } from './unfit';
import {
  type Contents,
  fill,
  pairsIn,
  type Values,
  valuesOfHash,
  valuesOfMember,
  valuesOfObject,
  valuesOfText,
} from './values';

/** What a key of a kind holds (see ShapeName), as far as one record is concerned. How keys are read and written differs by shape elsewhere. */
export interface Shape {
  /** A key holds several records, which differ in their first value; deleting the key deletes all of them. */
  readonly several: boolean;
  /** The fields of the hash to read; none: all there are. */
  readonly fields: (kind: Kind) => readonly string[];
  /** Cuts the values that were read for a key into records. */
  readonly split: (values: Values, kind: Kind) => readonly Values[];
  /** How many values a record has, and what people call them. */
  readonly count: (kind: Kind) => number;
  readonly names: (kind: Kind) => readonly string[];
  /** The values in the order of the columns. @throws Unfit */
  readonly values: (found: Contents) => Value[];
  /** What tells a record without an id of its own from others under the same parents. */
  readonly distinction: (found: Omit<Contents, 'id'>) => Buffer | string;
  /** Whether the part of the key after the parents' ids may have colons. */
  readonly mayHaveColons: boolean;
}

const columnsOf = ({ columns }: Kind): readonly string[] => columns.map(({ field }) => field);
const columnCount = ({ columns }: Kind): number => columns.length;
const firstValue = ({ values }: Pick<Contents, 'values'>): Buffer | string => values[0] ?? '';

const hash: Shape = {
  several: false,
  fields: columnsOf,
  split: (values) => [values],
  count: columnCount,
  names: columnsOf,
  values: valuesOfHash,
  distinction: ({ kind }) => kind.name,
  mayHaveColons: false,
};

const shapes: { readonly [name in ShapeName]: Shape } = {
  hash,
  fields: {
    ...hash,
    several: true,
    fields: () => [],
    split: pairsIn,
    distinction: firstValue,
  },
  members: {
    ...hash,
    several: true,
    count: () => 1,
    names: () => ['member'],
    values: valuesOfMember,
    distinction: firstValue,
    mayHaveColons: true,
  },
  object: {
    ...hash,
    fields: () => [],
    count: () => 1,
    names: () => ['value'],
    values: valuesOfObject,
  },
  text: {
    ...hash,
    fields: () => [],
    count: () => 1,
    names: () => ['value'],
    values: valuesOfText,
  },
  items: {
    ...hash,
    several: true,
    fields: () => [],
    split: itemsIn,
    count: () => 2,
    names: itemNames,
    values: valuesOfItem,
    distinction: firstValue,
  },
  entries: {
    ...hash,
    several: true,
    count: (kind) => 1 + columnCount(kind),
    names: (kind) => ['$id', ...columnsOf(kind)],
    values: ({ kind, values }) => fill(kind, (_column, at) => values[at + 1]),
    distinction: firstValue,
  },
};

/**
 * Whether a part that the application takes out of a key is a record that it deletes: which are left, a look tells. Of points and of entries
 * it deletes none, as long as their key is there.
 */
export const losesRecords = (shape: ShapeName): boolean => shape === 'fields' || shape === 'items';

export const shapeOf = ({ shape }: Kind): Shape => shapes[shape];

/** The id of a keyed record. A key with a colon too many belongs to somebody else. @throws Unfit */
export function keyedId({ kind, id }: Contents): string {
  const text = id.toString('latin1');
  if (!shapeOf(kind).mayHaveColons && text.split(':').length > kind.parents.length)
    throw new Unfit('E_ID', 'id', `${quote(id)} is not the key of a ${kind.name}`);
  return text;
}
