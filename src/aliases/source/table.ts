import type { Database } from 'better-sqlite3';
import { uniqueKeys, type UniqueKey } from './unique-keys';

/** How SQLite stores and compares the values of a column: https://sqlite.org/datatype3.html */
export type Affinity = 'integer' | 'real' | 'numeric' | 'text' | 'none';

export interface Column {
  readonly name: string;
  readonly affinity: Affinity;
  /** A generated column that is computed whenever it is read. */
  readonly computed: boolean;
  /** A generated column of either kind: no statement sets it. */
  readonly generated: boolean;
}

/** An ordinary table of the file, with names in the catalogue's own spelling. */
export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** A name by which the rowid can be reached; undefined for WITHOUT ROWID tables. */
  readonly rowid: string | undefined;
  /** In the order of the key; empty when the table has none. */
  readonly primaryKey: readonly Column[];
  /** The INTEGER PRIMARY KEY, which is the rowid itself. */
  readonly rowidColumn: Column | undefined;
  readonly uniqueKeys: readonly UniqueKey[];
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** 2: a generated column that is computed whenever it is read; 3: one that is stored. */
  readonly hidden: number;
  /** The place in the primary key, from 1; 0: none. */
  readonly pk: number;
}

/** Looks a table up without regard to case. @returns undefined: there is none; a text: it is something else, which carries no triggers */
export function readTable(db: Database, named: string): Table | 'view' | 'virtual' | 'shadow' | undefined {
  const found = db
    .prepare<[string], { name: string; type: string; wr: number; strict: number }>(
      "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE",
    )
    .get(named);
  if (found === undefined) return undefined;
  if (found.type !== 'table') return found.type as 'view' | 'virtual' | 'shadow';
  const rows = db
    .prepare<[string], ColumnRow>(
      'SELECT name, type, hidden, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1',
    )
    .all(found.name);
  const columnOf = ({ name, type, hidden }: ColumnRow): Column => ({
    name,
    affinity: affinityOf(type, found.strict === 1),
    computed: hidden === 2,
    generated: hidden >= 2,
  });
  const names = new Set(rows.map(({ name }) => name.toLowerCase()));
  const key = rows.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const [first] = key;
  const indexed = db
    .prepare<[string], number>("SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'")
    .pluck();
  // `INTEGER PRIMARY KEY DESC`, say, has an index of its own, and then it is a column like any other.
  const isRowid =
    found.wr === 0 && key.length === 1 && first !== undefined && /^integer$/i.test(first.type)
      ? indexed.get(found.name) === undefined
      : false;
  return {
    name: found.name,
    columns: rows.map(columnOf),
    rowid: found.wr === 0 ? ['rowid', '_rowid_', 'oid'].find((name) => !names.has(name)) : undefined,
    primaryKey: key.map(columnOf),
    rowidColumn: isRowid && first !== undefined ? columnOf(first) : undefined,
    uniqueKeys: uniqueKeys(db, found.name),
  };
}

/** SQLite's rules, in its order. */
function affinityOf(type: string, strict: boolean): Affinity {
  if (strict && /^any$/i.test(type)) return 'none';
  if (/INT/i.test(type)) return 'integer';
  if (/CHAR|CLOB|TEXT/i.test(type)) return 'text';
  if (type === '' || /BLOB/i.test(type)) return 'none';
  return /REAL|FLOA|DOUB/i.test(type) ? 'real' : 'numeric';
}

/** The column of that name, without regard to case. */
export const columnOf = ({ columns }: Table, name: string): Column | undefined =>
  columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
