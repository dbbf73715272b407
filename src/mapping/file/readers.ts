import { harmless } from '../../foundation/harmless';
import { nearest } from '../../foundation/nearest';
import type { Entry, Value } from './value';

/** Reads a value as something; null means that it was refused, and that whoever asked need not say anything. */
export type Reader<T> = (value: Value) => T | null;

const what: Readonly<Record<Exclude<Value['kind'], 'refused'>, string>> = {
  text: 'a text',
  number: 'a number (a text that looks like one stands in quotes)',
  boolean: 'true or false (a text that looks so stands in quotes)',
  nothing: 'nothing',
  list: 'a list',
  map: 'a map',
};

/** Refuses a value for its kind. @param wanted `a text`, `a list of columns` */
export const unlike = (value: Value, wanted: string): null =>
  value.kind === 'refused' ? null : value.refuse(`must be ${wanted}, and is ${what[value.kind]}`);

/** A text that is not empty; it may have several lines. */
export const text: Reader<string> = (value) => {
  if (value.kind !== 'text') return unlike(value, 'a text');
  return value.text.trim() === '' ? value.refuse('must not be empty') : value.text;
};

const control = /\p{Cc}/u;

/** A name of a table, a column, a field: one line, without control characters. */
export const word: Reader<string> = (value) => {
  const read = text(value);
  return read !== null && control.test(read)
    ? value.refuse('must be a name, without line breaks or control characters')
    : read;
};

/** A text, empty or not, or a number or boolean as it was written: what a field of a hash may hold. */
export const literal: Reader<string> = (value) => {
  if (value.kind === 'text') return value.text;
  return value.kind === 'number' || value.kind === 'boolean'
    ? value.source
    : unlike(value, 'a text or a number');
};

export const flag: Reader<boolean> = (value) =>
  value.kind === 'boolean' ? value.boolean : unlike(value, 'true or false');

/** A whole number. */
export const whole =
  (low: number, high: number): Reader<number> =>
  (value) => {
    const wanted = `a whole number from ${low} to ${high}`;
    if (value.kind !== 'number') return unlike(value, wanted);
    const { number, source } = value;
    return Number.isInteger(number) && number >= low && number <= high
      ? number
      : value.refuse(`must be ${wanted}, and is ${source}`);
  };

export const choice =
  <const W extends string>(...words: readonly W[]): Reader<W> =>
  (value) => {
    const wanted = words.length === 1 ? words.join() : `one of ${words.join(', ')}`;
    if (value.kind !== 'text') return unlike(value, wanted);
    const chosen = words.find((one) => one === value.text);
    if (chosen !== undefined) return chosen;
    const meant = orNearest(value.text, words);
    return value.refuse(
      words.length === 1 && meant !== ''
        ? `${harmless(value.text)} is not known${meant}`
        : `must be ${wanted}${meant}`,
    );
  };

/** A list whose items are all right. @param items what they are: `columns` */
export const listOf =
  <T>(read: Reader<T>, items: string): Reader<readonly T[]> =>
  (value) => {
    if (value.kind !== 'list') return unlike(value, `a list of ${items}`);
    if (value.items.length === 0) return value.refuse(`must name ${items}: the list is empty`);
    return whenAll(value.items.map(read));
  };

/** A map with keys of the user's choice, read entry by entry, all of which are right. @param entries what it is of: `fields` */
export const mapOf =
  <T>(read: (entry: Entry) => T | null, entries: string): Reader<readonly T[]> =>
  (value) => {
    if (value.kind !== 'map') return unlike(value, `a map of ${entries}`);
    if (value.entries.length === 0) return value.refuse(`must name ${entries}: the map is empty`);
    return whenAll(value.entries.map(read));
  };

/** All of them, or null if one was refused: half of a list would be told to be wrong in other ways, too. */
const whenAll = <T>(read: readonly (T | null)[]): readonly T[] | null => {
  const right = read.filter((one) => one !== null);
  return right.length === read.length ? right : null;
};

/** What a map with known keys holds. */
export interface Fields<K extends string> {
  /** What stands at the key; undefined: it is not there. */
  readonly value: (key: K) => Value | undefined;
  /** undefined: it is not there. null: it was refused. */
  readonly optional: <T>(key: K, read: Reader<T>) => T | null | undefined;
  /** null: it was refused; that it is not there is refused, too. */
  readonly required: <T>(key: K, read: Reader<T>) => T | null;
}

/**
 * A map whose keys are known: each other one is refused, with the known one that was probably meant; and that one then counts as refused,
 * not as missing.
 */
export function fieldsOf<const K extends string>(value: Value, known: readonly K[]): Fields<K> | null {
  if (value.kind !== 'map') return unlike(value, `a map with ${known.join(', ')}`);
  const there = new Map<string, Value>();
  const misspelt = new Map<string, Value>();
  for (const entry of value.entries) {
    if (known.some((one) => one === entry.key)) {
      there.set(entry.key, entry.value);
      continue;
    }
    refuseKey(entry, known);
    const meant = nearest(entry.key, known);
    if (meant !== undefined) misspelt.set(meant, { ...entry.at, kind: 'refused' });
  }
  const at = (key: K): Value | undefined => there.get(key) ?? misspelt.get(key);
  return {
    value: at,
    optional: (key, read) => {
      const found = at(key);
      return found === undefined ? undefined : read(found);
    },
    required: (key, read) => {
      const found = at(key);
      return found === undefined ? value.refuse(`needs ${key}`) : read(found);
    },
  };
}

function refuseKey({ key, at, value }: Entry, known: readonly string[]): void {
  // { sql: SELECT a, b FROM t }: the comma has begun another key.
  if (value.kind === 'nothing' && key.includes(' '))
    at.refuse('is no word of this file: within { } or [ ], a text with a comma in it stands in quotes');
  else at.refuse(`is no word of this file${orNearest(key, known) || `: here are known ${known.join(', ')}`}`);
}

/** `: did you mean ttl?`, or nothing where no word is near. */
const orNearest = (given: string, known: readonly string[]): string => {
  const meant = nearest(given, known);
  return meant === undefined ? '' : `: did you mean ${meant}?`;
};
