import type { TextRow, Transaction } from '../../postgres';

/** What a page should hold: rows, for Redis writes them in one step during which writers wait; and bytes, for the memory's sake. */
const pageRows = 250;
const pageBytes = 1024 * 1024;
const firstRows = 32;

/**
 * The rows of a query, a page at a time through a cursor, with the next page on its way while the caller has the present one. How many
 * rows make a page follows their size.
 */
export async function* pagesOf(
  transaction: Transaction,
  sql: string,
  values: readonly unknown[] = [],
): AsyncGenerator<readonly TextRow[]> {
  await transaction.execute(`DECLARE millrace_warm NO SCROLL CURSOR FOR ${sql}`, values);
  let count = firstRows;
  const fetch = () => transaction.query(`FETCH FORWARD ${count} FROM millrace_warm`);
  let next = fetch();
  for (;;) {
    const rows = await next;
    if (rows.length === 0) break;
    const bytes = rows.reduce((sum, row) => sum + sizeOf(row), 0);
    count = Math.max(1, Math.min(pageRows, count * 4, Math.floor((pageBytes * rows.length) / bytes)));
    next = fetch();
    next.catch(() => undefined); // thrown when it is awaited
    yield rows;
  }
  await transaction.execute('CLOSE millrace_warm');
}

const sizeOf = (row: TextRow): number =>
  Object.values(row).reduce((sum, value) => sum + (value?.length ?? 0), 1);
