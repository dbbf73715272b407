import { isId } from './row';

/**
 * An id (the part of a key after the prefix, latin1) as text that sorts as ids are to be sorted: part by part between colons,
 * numbers by value, anything else after the numbers.
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

/** Ids in the order in which they were given out: the lower one was there first. */
export function inOrder(ids: Iterable<string>): readonly string[] {
  const list = [...ids];
  // Mostly they are numbers and in order already: that is found out without making a single string.
  if (list.every((id, index) => index === 0 || precedes(list[index - 1] ?? '', id))) return list;
  return list.map(sortKey).sort().map(idOfKey);
}

const precedes = (a: string, b: string): boolean => isId(a) && isId(b) && compareNumbers(a, b) <= 0;

/** Decimal numbers without a sign or leading zeros, of any length. */
export const compareNumbers = (a: string, b: string): number =>
  a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
