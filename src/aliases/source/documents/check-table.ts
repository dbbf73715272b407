import type { Database } from 'better-sqlite3';
import { inFew } from '../../../foundation/in-few';
import { type Column, columnOf, readTable, type Table } from '../table';
import { meant, Unservable } from './unservable';

/** @throws Unservable unless it is a table that can carry triggers */
export function requireTable(db: Database, what: string, named: string): Table {
  const found = readTable(db, named);
  if (found === undefined) {
    const names = tableNames(db).filter((name) => !name.startsWith('millrace_'));
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

/** @throws Unservable unless the table has them, stored */
export function requireColumns(what: string, table: Table, names: readonly string[]): readonly Column[] {
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

export const wrongCount = (what: string, table: Table, by: readonly Column[], wanted: number): Unservable =>
  new Unservable(
    'no-column',
    `${what} names ${by.length} columns of ${table.name}, and the key has ${wanted}`,
    'Name as many, in the order of the key; or write a SELECT over `keys` that yields them.',
  );

/** A document of one row needs a key that no two rows of the table share. @throws Unservable */
export function requireUnique(db: Database, what: string, table: Table, columns: readonly Column[]): void {
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

export const tableNames = (db: Database): readonly string[] =>
  db
    .prepare<[], string>(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all();
