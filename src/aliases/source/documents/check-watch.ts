import type { DocumentMapping, Watch } from '../../../mapping/documents';
import { quoteIdentifier } from '../identifiers';
import { type Column, columnOf, readTable, type Table } from '../table';
import { checkPlan, checkSelect, type SelectCheck } from './check-select';
import { requireColumns, wrongCount } from './check-table';
import { keysExpression } from './key-relation';
import { Unservable } from './unservable';

export interface ServedWatch {
  readonly table: Table;
  /** What is logged of it. */
  readonly by: readonly Column[];
  /** Whether `by` is the key as it is written there. */
  readonly direct: boolean;
  /** A SELECT over a relation `keys` with the columns `by`, which yields the columns of the key. */
  readonly select: string | undefined;
}

interface Walked {
  readonly table: Table;
  readonly columns: readonly Column[];
  readonly mapping: DocumentMapping;
}

/** Which columns of a watched table are logged, and how keys come of them. @throws Unservable */
export function checkWatch(
  checking: (what: string, select: string) => SelectCheck,
  watch: Watch,
  { table, columns, mapping }: Walked,
): ServedWatch {
  const what = `the watch of ${watch.table} of the document ${mapping.name}`;
  const plain = checking(what, '');
  const watched = plain.tables.find(({ name }) => name.toLowerCase() === watch.table.toLowerCase()) ?? table;
  if (watch.by.length === 0 && watched.primaryKey.length === 0) {
    throw new Unservable(
      'no-column',
      `${what} names no columns, and the table has no primary key`,
      'Name the columns that the SELECT needs: { by: […], select: … }.',
    );
  }
  const by = watch.by.length === 0 ? watched.primaryKey : requireColumns(what, watched, watch.by);
  if (watch.select !== undefined) {
    const of = { ...checking(`the SELECT in ${what}`, watch.select), keys: by };
    const yielded = checkSelect(of);
    if (yielded.length !== columns.length) {
      const wanted = mapping.key.parts.map(({ column }) => column).join(', ');
      throw new Unservable(
        'select',
        `${of.what} yields ${yielded.length} columns, and the key has ${columns.length}`,
        `Let it yield ${wanted}, in this order.`,
      );
    }
    const keys = yielded.map(({ table: origin, column }) => {
      const found = origin === null ? undefined : readTable(of.db, origin);
      const read = typeof found === 'object' && column !== null ? columnOf(found, column) : undefined;
      return read && ([found, read] as [Table, Column]);
    });
    const alike = keys.every((key, at) => key !== undefined && writesAlike(of, key, [table, columns[at]]));
    const select = alike ? watch.select : walkedAmong(table, columns, `(${watch.select}\n)`);
    checkPlan(of, `WITH ${keysExpression(by, 'typed')} SELECT * FROM (${select}\n) AS o`);
    return { table: watched, by, direct: false, select };
  }
  if (by.length !== columns.length) throw wrongCount(what, watched, by, columns.length);
  for (const [at, column] of by.entries()) requireComparable(plain, [watched, column], [table, columns[at]]);
  if (by.every((column, at) => writesAlike(plain, [watched, column], [table, columns[at]])))
    return { table: watched, by, direct: true, select: undefined };
  const select = walkedAmong(table, columns, 'keys');
  checkPlan({ ...plain, keys: by }, `WITH ${keysExpression(by, 'typed')} ${select}`);
  return { table: watched, by, direct: true, select };
}

/** What one table calls 017 or Abc may be 17 or abc in the other: which keys are meant, the walked table tells. */
function walkedAmong(table: Table, columns: readonly Column[], relation: string): string {
  const listed = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const left = columns.length === 1 ? listed : `(${listed})`;
  return `SELECT ${listed} FROM main.${quoteIdentifier(table.name)} WHERE ${left} IN ${relation}`;
}

type Place = readonly [table: Table, column: Column | undefined];

/** Whether the values of a column that are equal to a key have the same text, too. */
function writesAlike({ copy }: SelectCheck, [other, column]: Place, [table, key]: Place): boolean {
  if (key === undefined || column === undefined) return false;
  if (other.name === table.name && column.name === key.name) return true;
  if (column.affinity !== key.affinity) return false;
  if (column.affinity !== 'text') return column.affinity === 'integer';
  return [copy.collationOf(other.name, column.name), copy.collationOf(table.name, key.name)].every(
    (collation) => collation === 'BINARY',
  );
}

/** @throws Unservable when a watched column may be equal to keys that no look-up of its values finds */
function requireComparable({ copy, what }: SelectCheck, [watched, column]: Place, [table, key]: Place): void {
  if (key === undefined || column === undefined) return;
  const [one, other] = [copy.collationOf(watched.name, column.name), copy.collationOf(table.name, key.name)];
  if (one === 'BINARY' || one === other) return;
  throw new Unservable(
    'select',
    `${what}: ${column.name} is compared by COLLATE ${one}, and ${table.name}.${key.name} is not`,
    `Say which keys are meant: { by: ${column.name}, select: SELECT … IN keys }.`,
  );
}
