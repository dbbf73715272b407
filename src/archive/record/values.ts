import { isUtf8 } from 'node:buffer';
import type { Column, Kind } from '../../mapping/kinds';
import { decode, type Value } from './decode';
import { parseMember } from './flat-object';
import { Unfit } from './unfit';

export type Values = readonly (Buffer | undefined)[];

/** The part of a record as it stands in Redis (found.ts) that columns are filled from. */
export interface Contents {
  readonly kind: Kind;
  readonly id: Buffer;
  readonly values: Values;
}

/** @param born creation time, canonical @throws Unfit */
export function valuesOfHash({ kind, values }: Contents, born: string | undefined): Value[] {
  const isNone = noneOf(kind);
  return kind.columns.map((column, index) => {
    const value = values[index];
    if (column.field === kind.created && born !== undefined) return `${born}+00`;
    return valueOf(column, isNone(value) ? undefined : value);
  });
}

/** @throws Unfit */
export function valuesOfObject({ kind, values: [text] }: Contents): Value[] {
  const fields = objectIn(kind, text, 'the value of the key');
  return fill(kind, ({ field }) => fields.get(field));
}

/** A string is its value. @throws Unfit */
export const valuesOfText = ({ kind, values: [text] }: Contents): Value[] => fill(kind, () => text);

/** @throws Unfit */
export function valuesOfMember({ kind, values: [member] }: Contents): Value[] {
  if (member === undefined || !isUtf8(member)) {
    throw new Unfit('22021', undefined, 'the member of the sorted set is not UTF-8');
  }
  const fields = parseMember(member);
  return kind.columns.map((column) => valueOf(column, fields.get(column.field)));
}

/** The members of a JSON object. @param what it is, for the reason @throws Unfit */
export function objectIn(
  kind: Kind,
  text: Buffer | undefined,
  what: string,
): ReadonlyMap<string, Buffer | undefined> {
  if (text === undefined || !isUtf8(text)) throw new Unfit('22021', undefined, `${what} is not UTF-8`);
  // A string in a column of JSON is one of JSON.
  const written = new Set(kind.columns.flatMap(({ field, decoder }) => (decoder === 'json' ? [field] : [])));
  return parseMember(text, written, what);
}

/** The values of the columns, of which some may mean that there is none. @throws Unfit */
export function fill(kind: Kind, raw: (column: Column) => Buffer | undefined): Value[] {
  const isNone = noneOf(kind);
  return kind.columns.map((column) => {
    const value = raw(column);
    return valueOf(column, isNone(value) ? undefined : value);
  });
}

/** Whether a value means that there is none. */
function noneOf({ own }: Kind): (value: Buffer | undefined) => boolean {
  if (own?.none === undefined) return () => false;
  const nothing = Buffer.from(own.none);
  return (value) => value?.equals(nothing) === true;
}

function valueOf(column: Column, raw: Buffer | undefined): Value {
  const value = decode(column, raw);
  if (value === null && column.required) {
    throw new Unfit('23502', column.column, 'is missing: the record is not complete');
  }
  return value;
}
