import type { Transaction } from '../../connections/postgres/postgres';
import { CopyText } from '../batch/copy-text';
import { Unfit } from '../record/unfit';
import { isDataError, unfitOf } from './isolate';
import { quoteName, type Target } from '../record/target';
import { columnsOf, identityColumns, type Resolved, valuesOf } from '../identity/resolved';

/**
 * Finds out which column refuses a value: INSERT does not say so, but COPY does, so the row is copied into a temporary table.
 * @returns the reason, with the column if Postgres can name it
 */
export async function nameColumn(
  transaction: Transaction,
  target: Target,
  row: Resolved,
  reason: Unfit,
): Promise<Unfit> {
  if (reason.column !== undefined || reason.code.startsWith('E_')) return reason;
  const named = (column: string | undefined) =>
    new Unfit(reason.code, column, reason.message, reason.constraint);
  // 54000: too long for an index, and only the natural key has one; a temporary table would take the row.
  if (reason.code === '54000') return named((target.kind.natural ?? identityColumns(target.kind)).at(-1));
  // Postgres tells of a key that another row has: Key (email)=(…) already exists. A copy would find nothing.
  if (target.kind.own !== undefined && reason.code === '23505')
    return named(/; Key \("?([^)"=]+)"?\)=/.exec(reason.message)?.[1]);
  await transaction.execute('SAVEPOINT naming');
  let column: string | undefined;
  try {
    await copyAside(transaction, target, row);
  } catch (error) {
    if (!isDataError(error)) throw error;
    column = unfitOf(error).column;
  }
  await transaction.execute('ROLLBACK TO SAVEPOINT naming; RELEASE SAVEPOINT naming');
  return named(column);
}

async function copyAside(transaction: Transaction, target: Target, row: Resolved): Promise<void> {
  const columns = columnsOf(target).map(quoteName).join(', ');
  await transaction.execute(
    `CREATE TEMP TABLE millrace_aside ON COMMIT DROP AS SELECT ${columns} FROM ${target.table} WITH NO DATA`,
  );
  const text = new CopyText();
  for (const value of valuesOf(row)) text.value(value);
  text.endRow();
  await transaction.copy(`COPY pg_temp.millrace_aside (${columns}) FROM STDIN`, [text.take()]);
}
