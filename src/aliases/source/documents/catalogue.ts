import type { Database } from 'better-sqlite3';
import { describeError } from '../../../foundation/errors';
import { inFew } from '../../../foundation/in-few';
import type { DocumentMapping, Watch } from '../../../mapping/documents';
import { quoteIdentifier } from '../identifiers';
import { type Column, columnOf, readTable, type Table } from '../table';
import { checkPlan, checkSelect, checkWatched, hintFor, type SelectCheck, tableNames } from './check-select';
import { indexFor } from './indexes';
import { keysExpression } from './key-relation';
import { columnsOf } from './outputs';
import { readQuery } from './reader';
import { SchemaCopy } from './schema-copy';
import { meant, type Reason, Unservable } from './unservable';

/** A document as the file lets it be served. */
export interface ServedDocument {
  readonly state: 'served';
  readonly mapping: DocumentMapping;
  /** What a full pass walks. */
  readonly table: Table;
  /** Its columns that hold the key, in the order of the template. */
  readonly columns: readonly Column[];
  readonly watches: readonly ServedWatch[];
}

export interface ServedWatch {
  readonly table: Table;
  /** What is logged of it. */
  readonly by: readonly Column[];
  /** Whether `by` is the key as it is written there. */
  readonly direct: boolean;
  /** A SELECT over a relation `keys` with the columns `by`, which yields the columns of the key. */
  readonly select: string | undefined;
}

/** A document that cannot be served now. Its keys in Redis are left alone. */
export interface UnservedDocument {
  readonly state: 'unserved';
  readonly mapping: DocumentMapping;
  readonly reason: Reason;
  readonly message: string;
  readonly hint: string;
}

export type DocumentEntry = ServedDocument | UnservedDocument;

/** Checks every document against the open database's catalogue. Reads only; never throws for a wrong one. */
export function readDocuments(db: Database, documents: readonly DocumentMapping[]): readonly DocumentEntry[] {
  if (documents.length === 0) return [];
  const copy = new SchemaCopy(db);
  try {
    return documents.map((mapping) => {
      try {
        return check(db, copy, mapping);
      } catch (error) {
        if (!(error instanceof Unservable)) throw error;
        return { state: 'unserved', mapping, reason: error.reason, message: error.message, hint: error.hint };
      }
    });
  } finally {
    copy.close();
  }
}

/** @throws Unservable */
function check(db: Database, copy: SchemaCopy, mapping: DocumentMapping): ServedDocument {
  const { name, key, rows, form } = mapping;
  const what = `the document ${name}`;
  const table = requireTable(db, what, rows.table);
  const walked = mapping.watch.find(
    (watch) => watch.select === undefined && watch.table.toLowerCase() === table.name.toLowerCase(),
  );
  const names = walked?.by ?? key.parts.map(({ column }) => column);
  const columns = keyColumns(what, table, names);
  if (columns.length !== key.parts.length) throw wrongCount(what, table, columns, key.parts.length);
  const tables = new Map([[table.name, table]]);
  for (const watch of mapping.watch) {
    const found = requireTable(db, what, watch.table);
    tables.set(found.name, found);
  }
  copy.add(indexFor(table, columns).sql);
  const relation = columns.map(({ affinity }, at) => ({ name: key.parts[at]?.column ?? '', affinity }));
  const checking = (what: string, select: string): SelectCheck => ({
    ...{ db, copy, what, select, keys: relation },
    tables: [...tables.values()],
  });
  const watches = mapping.watch.map((watch) => checkWatch(checking, watch, { table, columns, mapping }));
  const query = readQuery(mapping, relation, 'typed', 'few');
  if ('sql' in rows) {
    const of = checking(`the SELECT of ${what}`, rows.sql);
    const yielded = checkSelect(of);
    for (const column of [...key.parts.map((part) => part.column), ...columnsOf(form)]) {
      if (yielded.some((one) => one.toLowerCase() === column.toLowerCase())) continue;
      const say = `It yields ${inFew(yielded)}.`;
      throw new Unservable(
        'no-column',
        `the SELECT of ${what} yields no column ${column}`,
        meant(column, yielded, say),
      );
    }
    requireReadable(of, query);
  } else {
    keyColumns(what, table, columnsOf(form));
    if (form.type === 'json' || form.type === 'hash' || form.type === 'string')
      requireUnique(db, what, table, columns);
    requireReadable(checking(`the where of ${what}`, rows.where ?? ''), query);
  }
  return { state: 'served', mapping, table, columns, watches };
}

function requireReadable(of: SelectCheck, query: string): void {
  try {
    of.db.prepare<[string]>(query).all('[]');
  } catch (error) {
    const { message } = describeError(error);
    if (/parameter/i.test(message))
      throw new Unservable(
        'select',
        `${of.what} has parameters`,
        'Write the values into it: nothing can be bound.',
      );
    throw new Unservable(
      'select',
      `${of.what} cannot be read: ${message}`,
      hintFor(of.db, message, of.tables),
    );
  }
  checkWatched(of, query);
  checkPlan(of, query);
}

interface Walked {
  readonly table: Table;
  readonly columns: readonly Column[];
  readonly mapping: DocumentMapping;
}

function checkWatch(
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
  const by = watch.by.length === 0 ? watched.primaryKey : keyColumns(what, watched, watch.by);
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
    checkPlan(of, `WITH ${keysOf(by)} SELECT * FROM (${watch.select}\n) AS o`);
    return { table: watched, by, direct: false, select: watch.select };
  }
  if (by.length !== columns.length) throw wrongCount(what, watched, by, columns.length);
  const { copy } = plain;
  const same = by.every((column, at) => {
    const key = columns[at];
    if (key === undefined || column.affinity !== key.affinity) return false;
    if (watched === table && column.name === key.name) return true;
    return (
      column.affinity === 'integer' ||
      (column.affinity === 'text' &&
        [copy.collationOf(watched.name, column.name), copy.collationOf(table.name, key.name)].every(
          (collation) => collation === 'BINARY',
        ))
    );
  });
  // Else what one table calls 017 or Abc may be 17 or abc in the other: which keys are meant, the walked table tells.
  const listed = columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const left = columns.length === 1 ? listed : `(${listed})`;
  const select = `SELECT ${listed} FROM main.${quoteIdentifier(table.name)} WHERE ${left} IN keys`;
  return { table: watched, by, direct: true, select: same ? undefined : select };
}

const keysOf = (by: readonly Column[]): string => keysExpression(by, 'typed');

function requireTable(db: Database, what: string, named: string): Table {
  const found = readTable(db, named);
  if (found === undefined) {
    const names = tableNames(db);
    const say = `The file has ${names.length === 0 ? 'no tables' : inFew(names)}.`;
    throw new Unservable('missing', `${what}: no such table: ${named}`, meant(named, names, say));
  }
  if (typeof found !== 'string') return found;
  throw new Unservable(
    'not-a-table',
    `${what}: ${named} is a ${found}, which cannot carry triggers`,
    'Name the tables behind it: as `from`, or in a SELECT and its watch.',
  );
}

function keyColumns(what: string, table: Table, names: readonly string[]): readonly Column[] {
  return names.map((name) => {
    const column = columnOf(table, name);
    if (column === undefined) {
      const columns = table.columns.map((other) => other.name);
      const say = `It has ${inFew(columns)}.`;
      throw new Unservable(
        'no-column',
        `${what}: ${table.name} has no column ${name}`,
        meant(name, columns, say),
      );
    }
    if (!column.computed) return column;
    // To read such a column is to compute, in our memory, whatever the file says, however large: nothing bounds that.
    throw new Unservable(
      'computed',
      `${what}: ${table.name}.${column.name} is a VIRTUAL generated column, computed by whoever reads it`,
      'Make it STORED, or name the column that it is computed from.',
    );
  });
}

const wrongCount = (what: string, table: Table, by: readonly Column[], wanted: number): Unservable =>
  new Unservable(
    'no-column',
    `${what} names ${by.length} columns of ${table.name}, and the key has ${wanted}`,
    'Name as many, in the order of the key; or write a SELECT over `keys` that yields them.',
  );

/** A document of one row needs a key that no two rows of the table share. */
function requireUnique(db: Database, what: string, table: Table, columns: readonly Column[]): void {
  const names = new Set(columns.map(({ name }) => name));
  if (table.rowidColumn !== undefined && names.has(table.rowidColumn.name)) return;
  const indexes = db
    .prepare<[string], string>('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0')
    .pluck()
    .all(table.name);
  const parts = db
    .prepare<[string], string | null>('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1')
    .pluck();
  if (indexes.some((index) => parts.all(index).every((name) => name !== null && names.has(name)))) return;
  throw new Unservable(
    'not-unique',
    `${what}: two rows of ${table.name} may have the same ${[...names].join(', ')}, and so the same key`,
    `Create a unique index on it, or choose list, set or zset, which hold many rows.`,
  );
}
