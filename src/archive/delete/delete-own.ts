import type { Transaction } from '../../connections/postgres/postgres';
import type { Kind, OwnKind } from '../../mapping/kinds';
import { markColumn } from '../../mapping/own-key';
import { leavesOthers } from '../../mapping/own-rules';
import type { Life } from '../record/identity';
import { keyValues } from '../record/own-row';
import { md5 } from '../record/row';
import { hasOwnKey, quoteName, rowNumber, type Target } from '../record/target';
import { isUnfit } from '../record/unfit';
import { deleteRows } from './delete-rows';

const noted = 'kind = $1 AND key = ANY ($2::uuid[]) AND life = $3';
const forgetSql = `DELETE FROM millrace.followed WHERE ${noted}`;
/** The row stays that of its record, whenever that comes again. */
const partSql = `UPDATE millrace.followed SET life = NULL WHERE ${noted}`;

/**
 * Parts rows from their keys: no deletion of such a key takes the row, until a record is written under it again.
 * @param gone whether the rows go, too @returns how many
 */
export const unfollow = (
  transaction: Transaction,
  kind: Kind,
  ids: readonly string[],
  { life, gone }: { readonly life: Life; readonly gone: boolean },
): Promise<number> =>
  transaction.execute(leavesOthers(kind) && !gone ? partSql : forgetSql, [
    kind.name,
    ids.map((id) => md5(Buffer.from(id, 'latin1'))),
    life,
  ]);

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
  const gone = kind.own.onDelete === 'delete';
  if (key === undefined || (await unfollow(transaction, kind, [id], { life, gone })) === 0) return 0;
  const where = hasOwnKey(kind, 1);
  if (kind.own.onDelete === 'mark') {
    const column = quoteName(markColumn);
    const sql = `UPDATE ${target.table} AS t SET ${column} = now() WHERE ${where} AND t.${column} IS NULL`;
    return transaction.execute(sql, key);
  }
  const altered = `DELETE FROM millrace.altered a USING ${target.table} t WHERE ${where} AND a.kind = '${kind.name}' AND a.pg_id = ${rowNumber(target)}`;
  await transaction.execute(altered, key);
  return deleteRows(transaction, target, where, key);
}

/** Nothing was written of a key that can be no row. */
function keyOr(kind: OwnKind, id: string): readonly string[] | undefined {
  try {
    return keyValues(kind, Buffer.from(id, 'latin1'));
  } catch (error) {
    if (isUnfit(error)) return undefined;
    throw error;
  }
}
