import { isUtf8 } from 'node:buffer';
import { oncePer } from '../../foundation/once-per';
import type { Column, Kind } from '../../mapping/kinds';
import { decode, isText, type Value } from './decode';
import { parseMember } from './flat-object';
import { Unfit } from './unfit';

export type Values = readonly (Buffer | undefined)[];

/** The part of a record as it stands in Redis (found.ts) that columns are filled from. */
export interface Contents {
  readonly kind: Kind;
  readonly id: Buffer;
  readonly values: Values;
}

/** @throws Unfit */
export const valuesOfHash = ({ kind, values }: Contents): Value[] => fill(kind, (_column, at) => values[at]);

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
  return fill(kind, ({ field }) => fields.get(field));
}

/** A string in a column of JSON is one of JSON. */
const fieldsOfJson = oncePer(
  ({ columns }: Kind): ReadonlySet<string> =>
    new Set(columns.flatMap(({ field, decoder }) => (decoder === 'json' ? [field] : []))),
);

/** The members of a JSON object. @param what it is, for the reason @throws Unfit */
export function objectIn(
  kind: Kind,
  text: Buffer | undefined,
  what: string,
): ReadonlyMap<string, Buffer | undefined> {
  if (text === undefined || !isUtf8(text)) throw new Unfit('22021', undefined, `${what} is not UTF-8`);
  return parseMember(text, fieldsOfJson(kind), what);
}

/** Cuts what was read of a key into records of two values each. */
export function pairsIn(values: Values): readonly Values[] {
  const pairs: Values[] = [];
  for (let at = 0; at < values.length; at += 2) pairs.push([values[at], values[at + 1]]);
  return pairs;
}

/** The values of the columns, of which some may mean that there is none. @throws Unfit */
export function fill(kind: Kind, raw: (column: Column, at: number) => Buffer | undefined): Value[] {
  const none = kind.own?.none;
  return kind.columns.map((column, at) => {
    const found = raw(column, at);
    const value = decode(column, none !== undefined && isText(found, none) ? undefined : found);
    if (value === null && column.required)
      throw new Unfit('23502', column.column, 'is missing: the record is not complete');
    return value;
  });
}
