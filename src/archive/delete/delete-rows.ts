import type { Transaction } from '../../connections/postgres/postgres';
import type { Target } from '../record/target';
import { swallowed } from '../write/swallowed';

/** Deletes rows t, or none of them. @throws Swallowed when Postgres keeps some */
export async function deleteRows(
  transaction: Transaction,
  target: Target,
  where: string,
  values: readonly unknown[],
): Promise<number> {
  // Both parts of the statement see the same snapshot.
  const sql = `WITH gone AS (DELETE FROM ${target.table} t WHERE ${where} RETURNING 1)
    SELECT (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM ${target.table} t WHERE ${where}) AS there`;
  const [row] = await transaction.query(sql, values);
  const gone = Number(row?.['gone']);
  if (gone < Number(row?.['there']))
    throw await swallowed(transaction, target, [], 'took the deletion and kept the row');
  return gone;
}
