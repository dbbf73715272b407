import type { TextRow, Transaction } from '../../connections/postgres/postgres';

/** The usual size of a page: rows, for Redis writes a page in one step while others wait; and bytes, for the sake of our memory. */
const pageRows = 250;
const pageBytes = 1024 * 1024;
const firstRows = 32;
/** The most bytes of a page, if all its rows are as large as the largest. */
const mostBytes = 16 * 1024 * 1024;

export interface Sizes {
  /** How many rows are larger than `most`. */
  readonly larger: number;
  /** Bytes of the largest of the other rows; 0: all are small. */
  readonly largest: number;
}

/** SQL: about how many bytes a row's large columns have. A value that is stored in little space has less than half a megabyte. */
export const sizeSql = (columns: readonly string[]): string =>
  columns
    .map((name) => `CASE WHEN pg_column_size(${name}) > 2000 THEN octet_length(${name}::text) ELSE 0 END`)
    .join(' + ');

/** Measures the rows of a query. @param sql a query whose rows have a column `size` */
export async function measureRows(
  transaction: Transaction,
  sql: string,
  { values, most }: { values: readonly unknown[]; most: number },
): Promise<Sizes> {
  const [row] = await transaction.query(
    `SELECT count(*) FILTER (WHERE size > ${most}) AS larger, max(size) FILTER (WHERE size <= ${most}) AS largest FROM (${sql}) AS sized`,
    values,
  );
  return { larger: Number(row?.['larger'] ?? 0), largest: Number(row?.['largest'] ?? 0) };
}

/**
 * Yields the rows of a query page by page, through a cursor. The number of rows in a page depends on their size.
 * @param largest the most bytes that a row has
 * @param ahead the next page is on its way while the caller has the present one, and so the transaction is taken
 */
export async function* pagesOf(
  transaction: Transaction,
  sql: string,
  { values, largest, ahead }: { values: readonly unknown[]; largest: number; ahead: boolean },
): AsyncGenerator<readonly TextRow[]> {
  await transaction.execute(`DECLARE millrace_warm NO SCROLL CURSOR FOR ${sql}`, values);
  const mostRows = Math.max(1, Math.min(pageRows, Math.floor(mostBytes / Math.max(largest, 1))));
  let count = Math.min(firstRows, mostRows);
  const fetch = () => transaction.query(`FETCH FORWARD ${count} FROM millrace_warm`);
  let next = fetch();
  for (;;) {
    const rows = await next;
    if (rows.length === 0) break;
    const bytes = rows.reduce((sum, row) => sum + sizeOf(row), 0);
    count = Math.max(1, Math.min(mostRows, count * 4, Math.floor((pageBytes * rows.length) / bytes)));
    if (ahead) {
      next = fetch();
      next.catch(() => undefined); // the error is thrown when `next` is awaited
    }
    yield rows;
    if (!ahead) next = fetch();
  }
  await transaction.execute('CLOSE millrace_warm');
}

const sizeOf = (row: TextRow): number =>
  Object.values(row).reduce((sum, value) => sum + (value?.length ?? 0), 1);
