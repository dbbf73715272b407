import { z } from 'zod';
import type { TextRow } from '../../../connections/postgres/postgres';
import type { Column, OwnKind } from '../../../mapping/kinds';
import { itemWords } from '../../../mapping/record-forms';
import { type ItemForm, itemFormOf, itemNames } from '../../record/own/items';
import { Unlike } from '../python-form';
import { type KeyToRestore, objectOf, valueOf } from './contents';
import { asField } from './form';

/** Of each item what tells it from the others of its key, and its columns. */
const stored = z.array(z.tuple([z.string()]).rest(z.string().nullable()));
type Item = z.infer<typeof stored>[number];

/** @param row as own-items.sql has them */
export const itemsOf = (row: TextRow): readonly Item[] => stored.parse(JSON.parse(row['items'] ?? '[]'));

/** Whether members have scores: without a column for them nobody knows of any. */
export const isScored = ({ columns }: OwnKind): boolean => columns.some(({ field }) => field === '$score');

/** How an item is written, of its two values. */
const written: Readonly<Record<ItemForm, (first: Buffer, second: Buffer | undefined) => Buffer[]>> = {
  field: (field, value) => [field, given(value, '$value')],
  member: (member, score) => (score === undefined ? [member] : [score, member]),
  element: (_place, value) => [given(value, '$value')],
};

function given(value: Buffer | undefined, what: string): Buffer {
  if (value === undefined) throw new Unlike(`its ${what} is not in Postgres`);
  return value;
}

/** The key whose items these are, all of them in order. @throws Unlike when one of them cannot be as it was */
export function keyOfItems(kind: OwnKind, id: Buffer, items: readonly Item[]): KeyToRestore {
  const form = itemFormOf(kind);
  const [, second = ''] = itemNames(kind);
  const whole = kind.columns.filter(({ field }) => field === second);
  const named = kind.columns.filter(({ field }) => !(field in itemWords[form]));
  const textsOf = (columns: readonly Column[], texts: readonly (string | null)[]) =>
    columns.map((column) => texts[kind.columns.indexOf(column)] ?? null);
  const contents: Buffer[] = [];
  const found = items.map(([told, ...texts], place) => {
    if (form === 'element' && told !== String(place)) throw new Unlike(`element ${place} is not in Postgres`);
    const first = firstOf(kind, told);
    const other =
      whole.length > 0
        ? given(valueOf(kind, whole, textsOf(whole, texts)), second)
        : named.length > 0 && form !== 'member'
          ? objectOf(named, textsOf(named, texts))
          : undefined;
    contents.push(...written[form](first, other));
    return { kind, id, parents: [], values: [first, other] };
  });
  return { id, contents, found };
}

/** What tells an item from the others, as Redis has it. */
function firstOf({ own: { item } }: OwnKind, text: string): Buffer {
  if (item === undefined) throw new Error('no item');
  return item.type === 'bytes'
    ? asField({ column: item.column, field: '', decoder: 'bytes' }, text)
    : Buffer.from(text);
}
