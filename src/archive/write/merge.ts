import type { Transaction } from '../../connections/postgres/postgres';
import type { Alterations } from './alterations';
import { anyOf, differs, isEmpty } from './equality';
import { filledRows } from './expectation';
import { findUnlike } from './find-unlike';
import type { Counterpart } from '../identity/resolved';
import { swallowed } from './swallowed';
import { quoteName, type Target } from '../record/target';
import { parameter } from '../record/decode';

/**
 * ON_CONFLICT=merge: fills what is empty in rows of other records. @returns how many rows got a value. @throws Swallowed
 */
export async function mergeAll(
  transaction: Transaction,
  target: Target,
  rows: readonly Counterpart[],
  alterations: Alterations,
): Promise<number> {
  if (rows.length === 0) return 0;
  const filled = new Set<Counterpart>();
  for (const one of rows) if ((await merge(transaction, target, one)) > 0) filled.add(one);
  // As put.ts does: if something can still be filled, the update was dropped, or Postgres wants the column empty.
  const filling = filledRows(target, rows);
  const unlike = await findUnlike(transaction, target, filling);
  const left = unlike.flatMap(({ index }) => rows[index] ?? []);
  const lost = left.filter((one) => !filled.has(one)).map(({ resolved }) => resolved);
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  const unfilled = unlike.flatMap(({ index }) => [filling.rows[index] ?? []]);
  if (unfilled.length > 0)
    await alterations.remember(transaction, target, { ...filling, rows: unfilled }, true);
  return filled.size;
}

/** Fills the empty columns of one row. @returns 1 when any was filled, else 0 */
function merge(transaction: Transaction, target: Target, { resolved, pgId }: Counterpart): Promise<number> {
  const given = (index: number) => `$${index + 2}::text`;
  const set = target.kind.columns.map(({ column }, index) => {
    const [name, before] = [quoteName(column), `t.${quoteName(column)}`];
    const value = `${given(index)}::${target.types.get(column) ?? 'text'}`;
    return `${name} = CASE WHEN ${isEmpty(before)} THEN ${value} ELSE ${before} END`;
  });
  const fills = target.kind.columns.map(({ column }, index) =>
    differs(target, column, given(index), 'fills'),
  );
  const sql = `UPDATE ${target.table} AS t SET ${set.join(', ')} WHERE id = $1 AND (${anyOf(fills)})`;
  return transaction.execute(sql, [pgId, ...resolved.row.values.map(parameter)]);
}
