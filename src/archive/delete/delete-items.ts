import type { Transaction } from '../../connections/postgres/postgres';
import type { OwnKind } from '../../mapping/kinds';
import { type IdentityColumn, tellerOf } from '../../mapping/own-key';
import { digestOf, distinctionAmong } from '../letters/dead-letters';
import { followedAs } from '../record/own/followed';
import type { Life } from '../record/identity';
import { instant } from '../record/instant';
import { keyOf } from '../record/key';
import { bornAs, itemValue } from '../record/own/own-row';
import { hasOwnKey, identityTypeOf, quoteName, type Target, textOf } from '../record/target';
import { isUnfit } from '../record/unfit';
import { keyOr, takeRows, unfollow } from './delete-own';

/** Whether a key of the user's own may have several rows: of what it holds, or of records that have had it one after the other. */
export const hasManyRows = ({ own }: OwnKind): boolean => tellerOf(own) !== undefined;

/**
 * Deletes, or marks, those rows of a key whose records the application took out of it, or with it: rows that follow something of this
 * life of Redis that is not there any more. Of records that have had the key one after the other it took the last alone: one before it
 * was not deleted when that came. @param left what tells what the key still holds, as Redis has it: items, or the creation time of its
 * record @returns how many rows
 */
export async function deleteItems(
  transaction: Transaction,
  target: Target,
  kind: OwnKind,
  { id, left, life }: { readonly id: string; readonly left: readonly Buffer[]; readonly life: Life },
): Promise<number> {
  const key = keyOr(kind, id);
  if (key === undefined) return 0;
  const teller = tellerIn(kind);
  const type = identityTypeOf[teller.type];
  const column = `t.${quoteName(teller.column)}`;
  const there = left.flatMap((raw) => toldOr(kind, raw));
  const last = `$${key.length + 1}::${type}[]`;
  // An anti-join, and not ALL: for a key of very many that would compare each with each.
  const sql =
    `SELECT ${textOf(teller)} AS told FROM ${target.table} t WHERE ${hasOwnKey(kind, 1)} ` +
    `AND NOT EXISTS (SELECT FROM unnest(${last}) AS there (told) WHERE there.told = ${column})` +
    (kind.own.born === undefined ? '' : ` ORDER BY ${column} DESC`);
  const found = await transaction.query(sql, [...key, there]);
  const rows = new Map(found.map(({ told }) => [followedAs(Buffer.from(id, 'latin1'), told ?? ''), told]));
  const taken = { life, gone: kind.own.onDelete === 'delete' };
  const all = [...rows.keys()];
  const due = kind.own.born === undefined ? all : await firstFollowing(transaction, kind, all, life);
  const parted = await unfollow(transaction, kind, due, taken);
  if (parted.size === 0) return 0;
  const gone = [...parted].flatMap((row) => rows.get(row) ?? []);
  const where = `${hasOwnKey(kind, 1)} AND ${column} = ANY (${last})`;
  return takeRows(transaction, target, kind, { where, values: [...key, gone] });
}

/** The first of these rows that follows something of this life; none: no row does. */
async function firstFollowing(
  transaction: Transaction,
  { name }: OwnKind,
  rows: readonly string[],
  life: Life,
): Promise<readonly string[]> {
  const found = await transaction.query(
    `SELECT given.key FROM unnest($2::uuid[]) WITH ORDINALITY AS given (key, at)
     JOIN millrace.followed f ON f.kind = $1 AND f.key = given.key AND f.life = $3 ORDER BY given.at LIMIT 1`,
    [name, rows, life],
  );
  return found.flatMap(({ key }) => key ?? []);
}

/** Parts all rows of these keys from what they follow: their keys have lapsed, or something of them may have. */
export async function partItems(
  transaction: Transaction,
  { table }: Target,
  kind: OwnKind,
  { ids, life }: { readonly ids: readonly string[]; readonly life: Life },
): Promise<void> {
  const { parts } = kind.own;
  const keys = ids.flatMap((id) => {
    const key = keyOr(kind, id);
    return key === undefined ? [] : [{ id: Buffer.from(id, 'latin1'), key }];
  });
  if (keys.length === 0) return;
  const names = parts.map((_part, at) => `p${at}`);
  const lists = parts.map(({ type }, at) => `$${at + 2}::${identityTypeOf[type]}[]`);
  const same = parts.map(({ column }, at) => `t.${quoteName(column)} = given.p${at}`);
  const found = await transaction.query(
    `SELECT given.n, ${textOf(tellerIn(kind))} AS told ` +
      `FROM unnest(${['$1::int[]', ...lists].join(', ')}) AS given (${['n', ...names].join(', ')}) ` +
      `JOIN ${table} t ON ${['true', ...same].join(' AND ')}`,
    [keys.map((_key, at) => at), ...parts.map((_part, at) => keys.map(({ key }) => key[at]))],
  );
  const rows = found.map((row) =>
    followedAs(keys[Number(row['n'])]?.id ?? Buffer.alloc(0), row['told'] ?? ''),
  );
  await unfollow(transaction, kind, rows, { life, gone: false });
}

/** Deletes the letters of what the application took out of a key: otherwise it would come back when its parent comes. */
export async function forgetLettersOfItems(
  transaction: Transaction,
  kind: OwnKind,
  { id, left, life }: { readonly id: string; readonly left: readonly Buffer[]; readonly life: Life },
): Promise<void> {
  const { name } = kind;
  const key = keyOf(kind, Buffer.from(id, 'latin1'));
  const parked = await transaction.query(
    `SELECT digest FROM millrace.dead_letters WHERE kind = $1 AND redis_key = $2 AND payload IS NOT NULL AND life = $3`,
    [name, key, life],
  );
  if (parked.length === 0) return;
  const there = new Set(
    left.map((raw) => digestOf({ kind: name, key, distinction: distinctionLeft(kind, raw) })),
  );
  const gone = parked.flatMap(({ digest }) =>
    digest == null || there.has(digest.replaceAll('-', '')) ? [] : [digest],
  );
  await transaction.execute('DELETE FROM millrace.dead_letters WHERE digest = ANY ($1::uuid[])', [gone]);
}

function tellerIn({ name, own }: OwnKind): IdentityColumn {
  const teller = tellerOf(own);
  if (teller === undefined) throw new Error(`a key of ${name} has one row`);
  return teller;
}

/** What tells a row, as its column holds it; none: what is no value of the column is no row. */
function toldOr({ own: { item, born } }: OwnKind, raw: Buffer): string[] {
  if (item !== undefined) return unlessUnfit(() => itemValue(item, raw));
  return unlessUnfit(() => bornAs(instant(born ?? '', raw)));
}

/** The same as letters have it. */
function distinctionLeft({ own: { item } }: OwnKind, raw: Buffer): Buffer | string {
  return item === undefined ? (unlessUnfit(() => instant('', raw))[0] ?? '') : distinctionAmong(raw);
}

function unlessUnfit(read: () => string): string[] {
  try {
    return [read()];
  } catch (error) {
    if (isUnfit(error)) return [];
    throw error;
  }
}
