import { isUtf8 } from 'node:buffer';
import type { Column, Kind, ShapeName } from '../../mapping/kinds';
import { decode, type Value } from './decode';
import { parseMember } from './flat-object';
import { quote, Unfit } from './unfit';

type Values = readonly (Buffer | undefined)[];

/** The part of a record as it stands in Redis (found.ts) that shapes look at. */
interface Contents {
  readonly kind: Kind;
  readonly id: Buffer;
  readonly values: Values;
}

/** What a key of a kind holds (see ShapeName), as far as one record is concerned. How keys are read and written differs by shape elsewhere. */
export interface Shape {
  /** A key holds several records, which differ in their first value; deleting the key deletes all of them. */
  readonly several: boolean;
  /** The fields of the hash to read; none: all there are. */
  readonly fields: (kind: Kind) => readonly string[];
  /** Cuts the values that were read for a key into records. */
  readonly split: (values: Values) => readonly Values[];
  /** How many values a record has, and what people call them. */
  readonly count: (kind: Kind) => number;
  readonly names: (kind: Kind) => readonly string[];
  /** The values in the order of the columns. @param born creation time, canonical @throws Unfit */
  readonly values: (found: Contents, born: string | undefined) => Value[];
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
    split: pairs,
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
  entries: {
    ...hash,
    several: true,
    count: (kind) => 1 + columnCount(kind),
    names: (kind) => ['$id', ...columnsOf(kind)],
    values: ({ values: [, ...values], ...rest }, born) => valuesOfHash({ ...rest, values }, born),
    distinction: firstValue,
  },
};

export const shapeOf = ({ shape }: Kind): Shape => shapes[shape];

function pairs(values: Values): readonly Values[] {
  const records: Values[] = [];
  for (let at = 0; at < values.length; at += 2) records.push([values[at], values[at + 1]]);
  return records;
}

function valuesOfHash({ kind, values }: Contents, born: string | undefined): Value[] {
  const isNone = noneOf(kind);
  return kind.columns.map((column, index) => {
    const value = values[index];
    if (column.field === kind.created && born !== undefined) return `${born}+00`;
    return valueOf(column, isNone(value) ? undefined : value);
  });
}

function valuesOfObject({ kind, values: [text] }: Contents): Value[] {
  const what = 'the value of the key';
  if (text === undefined || !isUtf8(text)) throw new Unfit('22021', undefined, `${what} is not UTF-8`);
  // A string in a column of JSON is one of JSON.
  const written = new Set(kind.columns.flatMap(({ field, decoder }) => (decoder === 'json' ? [field] : [])));
  const fields = parseMember(text, written, what);
  const isNone = noneOf(kind);
  return kind.columns.map((column) => {
    const value = fields.get(column.field);
    return valueOf(column, isNone(value) ? undefined : value);
  });
}

/** Whether a value means that there is none. */
function noneOf({ own }: Kind): (value: Buffer | undefined) => boolean {
  if (own?.none === undefined) return () => false;
  const nothing = Buffer.from(own.none);
  return (value) => value?.equals(nothing) === true;
}

function valuesOfMember({ kind, values: [member] }: Contents): Value[] {
  if (member === undefined || !isUtf8(member)) {
    throw new Unfit('22021', undefined, 'the member of the sorted set is not UTF-8');
  }
  const fields = parseMember(member);
  return kind.columns.map((column) => valueOf(column, fields.get(column.field)));
}

function valueOf(column: Column, raw: Buffer | undefined): Value {
  const value = decode(column, raw);
  if (value === null && column.required) {
    throw new Unfit('23502', column.column, 'is missing: the record is not complete');
  }
  return value;
}

/** The id of a keyed record. A key with a colon too many belongs to somebody else. @throws Unfit */
export function keyedId({ kind, id }: Contents): string {
  const text = id.toString('latin1');
  if (!shapeOf(kind).mayHaveColons && text.split(':').length > kind.parents.length)
    throw new Unfit('E_ID', 'id', `${quote(id)} is not the key of a ${kind.name}`);
  return text;
}
