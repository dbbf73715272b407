import type { Transaction } from '../../connections/postgres/postgres';
import type { OwnKind } from '../../mapping/kinds';
import type { OwnItem, OwnRecord } from '../../mapping/own-key';
import { digestOf, distinctionAmong } from '../letters/dead-letters';
import { followedAs } from '../record/followed';
import type { Life } from '../record/identity';
import { keyOf } from '../record/key';
import { itemValue } from '../record/own-row';
import { hasOwnKey, identityTypeOf, quoteName, type Target } from '../record/target';
import { isUnfit } from '../record/unfit';
import { keyOr, takeRows, unfollow } from './delete-own';

/** A kind of the user's own whose keys hold several records. */
export type ItemKind = OwnKind & { readonly own: OwnRecord & { readonly item: OwnItem } };

export const hasItems = (kind: OwnKind): kind is ItemKind => kind.own.item !== undefined;

/**
 * Deletes, or marks, those rows of a key whose records the application took out of it, or with it: rows that follow something of this
 * life of Redis that is not there any more. @param left what the key still holds, as Redis has it @returns how many rows
 */
export async function deleteItems(
  transaction: Transaction,
  target: Target,
  kind: ItemKind,
  { id, left, life }: { readonly id: string; readonly left: readonly Buffer[]; readonly life: Life },
): Promise<number> {
  const key = keyOr(kind, id);
  if (key === undefined) return 0;
  const { item } = kind.own;
  const type = identityTypeOf[item.type];
  const column = `t.${quoteName(item.column)}`;
  const there = left.flatMap((raw) => itemOr(item, raw));
  const last = `$${key.length + 1}::${type}[]`;
  // An anti-join, and not ALL: for a key of very many that would compare each with each.
  const sql =
    `SELECT ${column}::text AS item FROM ${target.table} t WHERE ${hasOwnKey(kind, 1)} ` +
    `AND NOT EXISTS (SELECT FROM unnest(${last}) AS there (item) WHERE there.item = ${column})`;
  const found = await transaction.query(sql, [...key, there]);
  const rows = new Map(found.map(({ item: one }) => [followedAs(Buffer.from(id, 'latin1'), one ?? ''), one]));
  const taken = { life, gone: kind.own.onDelete === 'delete' };
  const parted = await unfollow(transaction, kind, [...rows.keys()], taken);
  if (parted.size === 0) return 0;
  const gone = [...parted].flatMap((row) => rows.get(row) ?? []);
  const where = `${hasOwnKey(kind, 1)} AND ${column} = ANY (${last})`;
  return takeRows(transaction, target, kind, { where, values: [...key, gone] });
}

/** Parts all rows of these keys from what they follow: their keys have lapsed, or something of them may have. */
export async function partItems(
  transaction: Transaction,
  { table }: Target,
  kind: ItemKind,
  { ids, life }: { readonly ids: readonly string[]; readonly life: Life },
): Promise<void> {
  const { parts, item } = kind.own;
  const keys = ids.flatMap((id) => {
    const key = keyOr(kind, id);
    return key === undefined ? [] : [{ id: Buffer.from(id, 'latin1'), key }];
  });
  if (keys.length === 0) return;
  const names = parts.map((_part, at) => `p${at}`);
  const lists = parts.map(({ type }, at) => `$${at + 2}::${identityTypeOf[type]}[]`);
  const same = parts.map(({ column }, at) => `t.${quoteName(column)} = given.p${at}`);
  const found = await transaction.query(
    `SELECT given.n, t.${quoteName(item.column)}::text AS item ` +
      `FROM unnest(${['$1::int[]', ...lists].join(', ')}) AS given (${['n', ...names].join(', ')}) ` +
      `JOIN ${table} t ON ${['true', ...same].join(' AND ')}`,
    [keys.map((_key, at) => at), ...parts.map((_part, at) => keys.map(({ key }) => key[at]))],
  );
  const rows = found.map((row) =>
    followedAs(keys[Number(row['n'])]?.id ?? Buffer.alloc(0), row['item'] ?? ''),
  );
  await unfollow(transaction, kind, rows, { life, gone: false });
}

/** Deletes the letters of what the application took out of a key: otherwise it would come back when its parent comes. */
export async function forgetLettersOfItems(
  transaction: Transaction,
  { name, ...kind }: ItemKind,
  { id, left, life }: { readonly id: string; readonly left: readonly Buffer[]; readonly life: Life },
): Promise<void> {
  const key = keyOf(kind, Buffer.from(id, 'latin1'));
  const parked = await transaction.query(
    `SELECT digest FROM millrace.dead_letters WHERE kind = $1 AND redis_key = $2 AND payload IS NOT NULL AND life = $3`,
    [name, key, life],
  );
  if (parked.length === 0) return;
  const there = new Set(left.map((raw) => digestOf({ kind: name, key, distinction: distinctionAmong(raw) })));
  const gone = parked.flatMap(({ digest }) =>
    digest == null || there.has(digest.replaceAll('-', '')) ? [] : [digest],
  );
  await transaction.execute('DELETE FROM millrace.dead_letters WHERE digest = ANY ($1::uuid[])', [gone]);
}

/** What is no value of the column is no row. */
function itemOr(item: OwnItem, raw: Buffer): string[] {
  try {
    return [itemValue(item, raw)];
  } catch (error) {
    if (isUnfit(error)) return [];
    throw error;
  }
}
