import { sqlState, type TextRow, type Transaction } from '../../connections/postgres/postgres';

/** Counting stops after this time; the figures of a larger table stay unknown. */
const countingMs = 20_000;

/** The rows of a query that counts. @returns undefined when that takes too long */
export async function countInTime(
  transaction: Transaction,
  sql: string,
): Promise<readonly TextRow[] | undefined> {
  await transaction.execute('SAVEPOINT counting');
  try {
    await transaction.execute(`SET LOCAL statement_timeout = ${countingMs}`);
    const rows = await transaction.query(sql);
    await transaction.execute(`SET LOCAL statement_timeout = '60s'; RELEASE SAVEPOINT counting`);
    return rows;
  } catch (error) {
    if (sqlState(error) !== '57014') throw error;
    await transaction.execute('ROLLBACK TO SAVEPOINT counting; RELEASE SAVEPOINT counting');
    return undefined;
  }
}
