import { isId } from './row';

/**
 * Ids (what follows `aidb:<kind>:`, latin1) as text whose plain order is theirs, part by part between colons: numbers by their
 * value, whatever is none after them.
 */
export const sortKey = (id: string): string =>
  id
    .split(':')
    .map((part) => `${isId(part) ? String.fromCharCode(part.length) : '\xff'}${part}`)
    .join(':');

/** The id of a sort key. */
export const idOfKey = (key: string): string =>
  key
    .split(':')
    .map((part) => part.slice(1))
    .join(':');

/** In the order in which they were given out: what has the lower id was there first. */
export function inOrder(ids: Iterable<string>): readonly string[] {
  const list = [...ids];
  // Mostly they are already, and numbers: told without making anything.
  if (list.every((id, index) => index === 0 || precedes(list[index - 1] ?? '', id))) return list;
  return list.map(sortKey).sort().map(idOfKey);
}

const precedes = (a: string, b: string): boolean => isId(a) && isId(b) && compareNumbers(a, b) <= 0;

/** Decimal numbers without a sign or leading zeros, of any length. */
export const compareNumbers = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
