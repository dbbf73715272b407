import type { Kind } from '../../../mapping/kinds';
import { type Each, itemWord, itemWords } from '../../../mapping/record-forms';
import type { Value } from '../decode';
import { type Contents, fill, objectIn, type Values } from '../values';

/** What the keys of the shape `items` hold. */
export type ItemForm = Exclude<Each, 'entry'>;

/** What an item has beside what tells it from the others of its key: the value of a field or element, or the score of a member. */
const second: Readonly<Record<ItemForm, string>> = {
  field: '$value',
  member: '$score',
  element: '$value',
};

/** What is looked into for the fields that have a name, and which of an item's two values that is. */
const objects: Readonly<Record<ItemForm, { readonly at: 0 | 1; readonly what: string }>> = {
  field: { at: 1, what: 'the value of the field' },
  member: { at: 0, what: 'the member' },
  element: { at: 1, what: 'the element' },
};

/** @throws when the keys of a kind hold something else */
export function itemFormOf({ name, own }: Kind): ItemForm {
  const each = own?.item?.each;
  if (each === undefined || each === 'entry') throw new Error(`${name} has no items`);
  return each;
}

/** The names of an item's two values. */
export function itemNames(kind: Kind): readonly string[] {
  const each = itemFormOf(kind);
  return [itemWord[each], second[each]];
}

/** Cuts what was read of a key into items, each of two values. An element is told by its place. */
export function itemsIn(values: Values, kind: Kind): readonly Values[] {
  if (itemFormOf(kind) === 'element') return values.map((value, at) => [Buffer.from(String(at)), value]);
  const items: Values[] = [];
  for (let at = 0; at < values.length; at += 2) items.push([values[at], values[at + 1]]);
  return items;
}

/** @throws Unfit */
export function valuesOfItem({ kind, values }: Contents): Value[] {
  const each = itemFormOf(kind);
  const named = itemNames(kind);
  const { at, what } = objects[each];
  const looks = kind.columns.some(({ field }) => !(field in itemWords[each]));
  const object = looks ? objectIn(kind, values[at], what) : undefined;
  return fill(kind, ({ field }) => {
    const place = named.indexOf(field);
    return place < 0 ? object?.get(field) : values[place];
  });
}
