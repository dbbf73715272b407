import { oncePer } from '../../../foundation/once-per';
import type { Kind } from '../../../mapping/kinds';
import { type Each, itemWord, itemWords } from '../../../mapping/record-forms';
import type { Value } from '../decode';
import { type Contents, fill, objectIn, pairsIn, type Values } from '../values';

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

/** How items of a kind are read. */
const planOf = oncePer((kind: Kind) => {
  const form = itemFormOf(kind);
  const names = [itemWord[form], second[form]];
  /** For each column, which of the two values it is; -1: neither. */
  const places = kind.columns.map(({ field }) => names.indexOf(field));
  const looks = kind.columns.some(({ field }) => !(field in itemWords[form]));
  return { form, names, places, object: looks ? objects[form] : undefined };
});

/** The names of an item's two values. */
export const itemNames = (kind: Kind): readonly string[] => planOf(kind).names;

/** Cuts what was read of a key into items, each of two values. An element is told by its place. */
export const itemsIn = (values: Values, kind: Kind): readonly Values[] =>
  planOf(kind).form === 'element'
    ? values.map((value, at) => [Buffer.from(String(at)), value])
    : pairsIn(values);

/** @throws Unfit */
export function valuesOfItem({ kind, values }: Contents): Value[] {
  const { places, object } = planOf(kind);
  const fields = object && objectIn(kind, values[object.at], object.what);
  return fill(kind, ({ field }, at) => {
    const place = places[at] ?? -1;
    return place < 0 ? fields?.get(field) : values[place];
  });
}
