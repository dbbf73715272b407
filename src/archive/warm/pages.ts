import type { TextRow, Transaction } from '../../connections/postgres';

/** What a page should hold: rows, for Redis writes them in one step during which writers wait; and bytes, for the memory's sake. */
const pageRows = 250;
const pageBytes = 1024 * 1024;
const firstRows = 32;
/** What it holds at the most, where each row is as large as the largest. */
const mostBytes = 16 * 1024 * 1024;

export interface Sizes {
  /** Rows that are larger than what was asked for. */
  readonly larger: number;
  /** Bytes of the largest of the others; 0: none is worth counting. */
  readonly largest: number;
}

/** SQL: about how many bytes a row has, of its columns that are large. What takes little where it lies has less than half a megabyte. */
export const sizeSql = (columns: readonly string[]): string =>
  columns
    .map((name) => `CASE WHEN pg_column_size(${name}) > 2000 THEN octet_length(${name}::text) ELSE 0 END`)
    .join(' + ');

/** @param sql whose rows have a column `size` */
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
 * The rows of a query, a page at a time through a cursor, with the next page on its way while the caller has the present one. How many
 * rows make a page follows their size.
 * @param largest bytes that a row has at the most
 */
export async function* pagesOf(
  transaction: Transaction,
  sql: string,
  { values, largest }: { values: readonly unknown[]; largest: number },
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
    next = fetch();
    next.catch(() => undefined); // thrown when it is awaited
    yield rows;
  }
  await transaction.execute('CLOSE millrace_warm');
}

const sizeOf = (row: TextRow): number =>
  Object.values(row).reduce((sum, value) => sum + (value?.length ?? 0), 1);
