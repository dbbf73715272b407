import type { DocumentMapping, Watch } from '../../../mapping/documents';
import { quoteIdentifier } from '../identifiers';
import type { Column, Table } from '../table';
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
    checkPlan(of, `WITH ${keysExpression(by, 'typed')} SELECT * FROM (${watch.select}\n) AS o`);
    return { table: watched, by, direct: false, select: watch.select };
  }
  if (by.length !== columns.length) throw wrongCount(what, watched, by, columns.length);
  if (by.every((column, at) => writesAlike(plain, [watched, column], [table, columns[at]])))
    return { table: watched, by, direct: true, select: undefined };
  // Else what one table calls 017 or Abc may be 17 or abc in the other: which keys are meant, the walked table tells.
  const listed = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const left = columns.length === 1 ? listed : `(${listed})`;
  const select = `SELECT ${listed} FROM main.${quoteIdentifier(table.name)} WHERE ${left} IN keys`;
  checkPlan({ ...plain, keys: by }, `WITH ${keysExpression(by, 'typed')} ${select}`);
  return { table: watched, by, direct: true, select };
}

/**
 * Whether a watched column that is equal to a key column has the same text, too.
 * @throws Unservable when it may be equal to keys that no look-up of it finds
 */
function writesAlike(
  { copy, what }: SelectCheck,
  [watched, column]: readonly [Table, Column],
  [table, key]: readonly [Table, Column | undefined],
): boolean {
  if (key === undefined) return false;
  if (watched.name === table.name && column.name === key.name) return true;
  const [one, other] = [copy.collationOf(watched.name, column.name), copy.collationOf(table.name, key.name)];
  if (one !== 'BINARY' && one !== other) {
    throw new Unservable(
      'select',
      `${what}: ${column.name} is compared by COLLATE ${one}, and ${table.name}.${key.name} is not`,
      `Say which keys are meant: { by: ${column.name}, select: SELECT … IN keys }.`,
    );
  }
  if (column.affinity !== key.affinity) return false;
  return column.affinity === 'integer' || (column.affinity === 'text' && one === other && one === 'BINARY');
}
