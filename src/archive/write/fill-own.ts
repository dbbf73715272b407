import type { Transaction } from '../../connections/postgres/postgres';
import type { Resolved } from '../identity/resolved';
import { hasKeyOf, quoteName, type Target } from '../record/target';
import type { Alterations } from './alterations';
import { anyOf, differs, isEmpty } from './equality';
import { ownFilled } from './expectation';
import { findUnlike, givenRows } from './find-unlike';
import { swallowed } from './swallowed';

/** on_conflict: merge: fills what is empty in rows that are not their records'. @returns how many rows got a value @throws Swallowed */
export async function fillOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  alterations: Alterations,
): Promise<number> {
  const filling = ownFilled(target, rows);
  const { identity, columns } = filling;
  if (rows.length === 0 || columns.length === 0) return 0;
  const given = (index: number) => `w.c${identity.length + index}`;
  const set = columns.map((column, index) => {
    const before = `t.${quoteName(column)}`;
    const value = `${given(index)}::${target.types.get(column) ?? 'text'}`;
    return `${quoteName(column)} = CASE WHEN ${isEmpty(before)} AND ${given(index)} <> '' THEN ${value} ELSE ${before} END`;
  });
  const fills = columns.map((column, index) => differs(target, column, given(index), 'fills'));
  const { sql: list, values } = givenRows(target, filling);
  const sql =
    `UPDATE ${target.table} AS t SET ${set.join(', ')} FROM ${list} ` +
    `WHERE ${hasKeyOf(identity)} AND (${anyOf(fills)}) RETURNING w.n`;
  const filled = new Set((await transaction.query(sql, values)).map(({ n }) => Number(n) - 1));
  // As put.ts does: if something can still be filled, the update was dropped, or Postgres wants the column empty.
  const left = await findUnlike(transaction, target, filling);
  const lost = left.flatMap(({ index }) => (filled.has(index) ? [] : (rows[index] ?? [])));
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  const unfilled = left.flatMap(({ index }) => [filling.rows[index] ?? []]);
  if (unfilled.length > 0)
    await alterations.remember(transaction, target, { ...filling, rows: unfilled }, true);
  return filled.size;
}
