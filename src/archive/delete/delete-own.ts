import type { Transaction } from '../../connections/postgres/postgres';
import type { OwnKind } from '../../mapping/kinds';
import { markColumn } from '../../mapping/own-key';
import { leavesOthers } from '../../mapping/own-rules';
import { followedAs } from '../record/own/followed';
import type { Life } from '../record/identity';
import { keyValues } from '../record/own/own-row';
import { hasOwnKey, quoteName, rowNumber, type Target } from '../record/target';
import { isUnfit } from '../record/unfit';
import { deleteRows } from './delete-rows';

const noted = 'kind = $1 AND key = ANY ($2::uuid[]) AND life = $3 AND NOT theirs RETURNING key';
const forgetSql = `DELETE FROM millrace.followed WHERE ${noted}`;
/** The row stays that of its record, whenever that comes again. */
const partSql = `UPDATE millrace.followed SET life = NULL WHERE ${noted}`;

/**
 * Parts rows from what they follow: no deletion of that takes the row, until a record is written to it again.
 * @param rows as millrace.followed knows them @param gone whether the rows go, too @returns those that did follow something of this
 * life, and were made for it
 */
export async function unfollow(
  transaction: Transaction,
  kind: OwnKind,
  rows: readonly string[],
  { life, gone }: { readonly life: Life; readonly gone: boolean },
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const sql = leavesOthers(kind) && !gone ? partSql : forgetSql;
  const parted = await transaction.query(sql, [kind.name, rows, life]);
  return new Set(parted.map(({ key }) => (key ?? '').replaceAll('-', '')));
}

/**
 * Deletes, or marks, the row of a key of the user's own that was deleted in Redis, if its record was written in this life of it: a row
 * that was there before, or that another program made, stays. @returns how many rows
 */
export async function deleteOwn(
  transaction: Transaction,
  target: Target,
  kind: OwnKind,
  { id, life }: { readonly id: string; readonly life: Life },
): Promise<number> {
  const key = keyOr(kind, id);
  if (key === undefined) return 0;
  const row = followedAs(Buffer.from(id, 'latin1'), undefined);
  const gone = kind.own.onDelete === 'delete';
  if ((await unfollow(transaction, kind, [row], { life, gone })).size === 0) return 0;
  return takeRows(transaction, target, kind, { where: hasOwnKey(kind, 1), values: key });
}

/** Deletes or marks rows t, as their mapping has it. @returns how many */
export async function takeRows(
  transaction: Transaction,
  target: Target,
  { name, own }: OwnKind,
  { where, values }: { readonly where: string; readonly values: readonly unknown[] },
): Promise<number> {
  if (own.onDelete === 'mark') {
    const column = quoteName(markColumn);
    const sql = `UPDATE ${target.table} AS t SET ${column} = now() WHERE ${where} AND t.${column} IS NULL`;
    return transaction.execute(sql, values);
  }
  const altered = `DELETE FROM millrace.altered a USING ${target.table} t WHERE ${where} AND a.kind = '${name}' AND a.pg_id = ${rowNumber(target)}`;
  await transaction.execute(altered, values);
  return deleteRows(transaction, target, where, values);
}

/** The values of a key's columns; undefined: nothing was written of a key that can be no row. */
export function keyOr(kind: OwnKind, id: string): readonly string[] | undefined {
  try {
    return keyValues(kind, Buffer.from(id, 'latin1'));
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
