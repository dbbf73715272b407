import { MillraceError } from '../foundation/errors';
import { pythonJson, pythonNumber, pythonTime } from './python';
import { type Json, parsePythonJson, readJson } from './tolerant-json';

/** A moment: a Date (UTC, milliseconds), or ISO text, which keeps its microseconds. Text without a zone is UTC. */
export type Time = Date | string;
/** A value, or a string that is JSON text already and is stored as it is. */
export type JsonInput = Json;

/** One property of a record: its field in the Redis hash, and how the value is written and read. */
export interface Field<In, Out> {
  readonly name: string;
  readonly write: (value: In, property: string) => string;
  /** Reads the text of the field; '' if the hash has no such field, for half-written records exist. */
  readonly read: (text: string) => Out;
}

/** Properties of a record and their fields, in the order of the layout. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table's fields have all kinds of types
export type FieldTable = Readonly<Record<string, Field<any, unknown>>>;

export type RecordOf<T extends FieldTable> = {
  readonly [P in keyof T]: T[P] extends Field<never, infer Out> ? Out : never;
};
type Input<F> = F extends Field<infer In, unknown> ? In : never;
/** What a caller gives: the required properties, and those of the others that differ from the default. */
export type NewOf<T extends FieldTable, Required extends keyof T> = {
  readonly [P in Required]: Input<T[P]>;
} & { readonly [P in Exclude<keyof T, Required>]?: Input<T[P]> | undefined };
export type ChangesOf<T extends FieldTable, Fixed extends keyof T> = {
  readonly [P in Exclude<keyof T, Fixed>]?: Input<T[P]> | undefined;
};

/** The error for an argument that cannot be written; nothing was written. */
export const refused = (message: string, cause?: unknown): MillraceError =>
  new MillraceError('record', message, {
    code: 'E_WRITE_REFUSED',
    ...(cause === undefined ? {} : { cause }),
  });

export function renderId(id: number, property: string): string {
  if (Number.isSafeInteger(id) && id > 0) return String(id);
  throw refused(`${property} must be an id, a whole number from 1, not ${String(id)}`);
}

export function renderWhole(value: number | bigint, property: string): string {
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  throw refused(`${property} must be a whole number, not ${String(value)}`);
}

export function renderNumber(value: number, property: string): string {
  if (typeof value === 'number') return pythonNumber(value);
  throw refused(`${property} must be a number, not ${String(value)}`);
}

export function renderText(value: string, property: string): string {
  if (typeof value === 'string') return value;
  throw refused(`${property} must be a string, not ${String(value)}`);
}

function renderJson(value: JsonInput, property: string): string {
  if (typeof value !== 'string') return pythonJson(value);
  try {
    parsePythonJson(value);
  } catch (error) {
    throw refused(`${property} is text that is no JSON: give a value, or a string with its JSON text`, error);
  }
  return value;
}

export function renderTime(value: Time, property: string): string {
  if (typeof value === 'string') return value; // the function library checks it
  if (!Number.isNaN(value.getTime())) return pythonTime(value);
  throw refused(`${property} is an invalid Date`);
}

/** Reads a decimal number as Python or JSON writes it; null if there is none. */
function readNumber(text: string): number | null {
  const special = { nan: NaN, inf: Infinity, '-inf': -Infinity }[
    text.toLowerCase().replace('infinity', 'inf')
  ];
  if (special !== undefined) return special;
  return text.trim() === '' || Number.isNaN(Number(text)) ? null : Number(text);
}

export const text = (name: string): Field<string, string> => ({
  name,
  write: renderText,
  read: (value) => value,
});

/** Text, or a shape such as [224, 224, 3]. */
export const shape = (name: string): Field<string | readonly (number | null)[], string> => ({
  name,
  write: (value, property) => (typeof value === 'string' ? value : renderJson(value, property)),
  read: (value) => value,
});

/** The id of another record; NaN if the record names none. */
export const id = (name: string): Field<number, number> => ({
  name,
  write: renderId,
  read: (value) => readNumber(value) ?? NaN,
});

export const idOrNone = (name: string): Field<number | null, number | null> => ({
  name,
  write: (value, property) => (value === null ? '0' : renderId(value, property)),
  read: zeroIsNone,
});

export const count = (name: string): Field<number | bigint, number> => ({
  name,
  write: renderWhole,
  read: (value) => readNumber(value) ?? 0,
});

/** A measured number; in Redis 0 means none. */
export const measure = (name: string): Field<number | null, number | null> => ({
  name,
  write: (value, property) => (value === null ? '0' : renderNumber(value, property)),
  read: zeroIsNone,
});

export const json = (name: string): Field<JsonInput, Json> => ({ name, write: renderJson, read: readJson });

export const time = (name: string): Field<Time, string> => ({
  name,
  write: renderTime,
  read: (value) => value,
});

export const timeOrNone = (name: string): Field<Time | null, string | null> => ({
  name,
  write: (value, property) => (value === null ? '' : renderTime(value, property)),
  read: (value) => (value === '' ? null : value),
});

function zeroIsNone(text: string): number | null {
  const value = readNumber(text);
  return value === 0 ? null : value;
}

/** The given properties as pairs of field and value, as the functions take them. */
export function toPairs(table: FieldTable, record: object): string[] {
  const values = record as Readonly<Record<string, unknown>>;
  const pairs: string[] = [];
  for (const [property, field] of Object.entries(table)) {
    const value = values[property];
    if (value !== undefined) pairs.push(field.name, field.write(value, property));
  }
  return pairs;
}

export function fromHash<T extends FieldTable>(
  table: T,
  hash: Readonly<Record<string, string>>,
): RecordOf<T> {
  return Object.fromEntries(
    Object.entries(table).map(([property, field]) => [property, field.read(hash[field.name] ?? '')]),
  ) as RecordOf<T>;
}
