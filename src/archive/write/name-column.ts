import type { Transaction } from '../../connections/postgres';
import { CopyText } from '../batch/copy-text';
import { Unfit } from '../record/unfit';
import { isDataError, unfitOf } from './isolate';
import { quoteName, type Target } from '../record/target';
import { columnsOf, type Resolved } from '../identity/resolved';

/**
 * INSERT does not say which column refuses a value; COPY does: the row is tried once more, into a temporary table.
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
  // Too long for an index: it fits into the table as such.
  if (reason.code === '54000') return named(target.kind.natural?.at(-1));
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

async function copyAside(
  transaction: Transaction,
  target: Target,
  { row, parents }: Resolved,
): Promise<void> {
  const columns = columnsOf(target).map(quoteName).join(', ');
  await transaction.execute(
    `CREATE TEMP TABLE millrace_aside ON COMMIT DROP AS SELECT ${columns} FROM ${target.table} WITH NO DATA`,
  );
  const text = new CopyText();
  for (const value of [...parents, ...row.values]) text.value(value);
  text.endRow();
  await transaction.copy(`COPY pg_temp.millrace_aside (${columns}) FROM STDIN`, [text.take()]);
}
