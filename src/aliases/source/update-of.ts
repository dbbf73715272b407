import { quoteIdentifier } from './identifiers';
import type { Table } from './table';
import type { UniqueKey } from './unique-keys';

/** By these names a statement may set the rowid of any table. SQLite does not mind a trigger that names columns which its table has not. */
const rowidNames = ['rowid', '_rowid_', 'oid'];

/**
 * Of which columns an UPDATE has to set one for a trigger to look at it, as the trigger's text has it behind UPDATE; '' for whatever it sets. A statement
 * that sets none of them is compiled without the trigger, and pays nothing for it. SQLite goes by the names that stand in SET: the rowid has several, and a
 * generated column changes without being named.
 * @param names columns of the table, besides its rowid; undefined: any column may matter
 */
export function updateOf(
  names: readonly string[] | undefined,
  { columns, rowidColumn }: Pick<Table, 'columns' | 'rowidColumn'>,
): string {
  const generated = new Set(columns.filter((column) => column.generated).map(({ name }) => name));
  if (names === undefined || names.some((name) => generated.has(name))) return '';
  const all = new Set([...names, ...(rowidColumn === undefined ? [] : [rowidColumn.name]), ...rowidNames]);
  return ` OF ${[...all].map(quoteIdentifier).join(', ')}`;
}

/** The columns of several keys; undefined: not only columns matter. */
export function columnsOfAll(keys: readonly Pick<UniqueKey, 'columns'>[]): readonly string[] | undefined {
  return keys.some(({ columns }) => columns === undefined)
    ? undefined
    : keys.flatMap(({ columns }) => columns ?? []);
}
