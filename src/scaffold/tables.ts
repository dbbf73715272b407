import type { Database } from 'better-sqlite3';
import { quoteIdentifier } from '../aliases/source/identifiers';

/** A table of the SQLite file, or what looks like one to its readers. */
export interface FoundTable {
  readonly name: string;
  /** As SQLite calls it; `shadow`: a table in which a virtual one keeps its contents. */
  readonly type: 'table' | 'view' | 'virtual' | 'shadow';
  /** In the order of the table; none for what is no table. */
  readonly columns: readonly FoundColumn[];
  readonly primaryKey: readonly string[] | undefined;
  /** Of each other index that makes all rows unique, its columns. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

export interface FoundColumn {
  readonly name: string;
  /** As declared; '' if it is not. */
  readonly type: string;
  readonly notNull: boolean;
  /** A VIRTUAL generated column: computed by whoever reads it. */
  readonly computed: boolean;
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
  readonly hidden: number;
}

/** Everything in the catalogue of the open file, in the order of its names. */
export function readTables(db: Database): readonly FoundTable[] {
  const readColumns = db.prepare<[string], ColumnRow>(
    'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid',
  );
  // Partial indexes say nothing about the other rows, and what an expression yields is no column.
  const readIndexes = db
    .prepare<[string], string>(
      `SELECT list.name FROM pragma_index_list(?) AS list WHERE "unique" = 1 AND partial = 0 AND origin <> 'pk'
         AND NOT EXISTS (SELECT 1 FROM pragma_index_xinfo(list.name) AS part WHERE part.key = 1 AND part.cid < 0) ORDER BY list.name`,
    )
    .pluck();
  const readParts = db
    .prepare<[string], string>('SELECT name FROM pragma_index_xinfo(?) WHERE key = 1 ORDER BY seqno')
    .pluck();
  return db
    .prepare<[], Pick<FoundTable, 'name' | 'type'>>(
      "SELECT name, type FROM pragma_table_list WHERE schema = 'main' ORDER BY name",
    )
    .all()
    .map(({ name, type }) => {
      if (type !== 'table') return { name, type, columns: [], primaryKey: undefined, uniqueKeys: [] };
      const rows = readColumns.all(name);
      const primaryKey = rows
        .filter(({ pk }) => pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((row) => row.name);
      const columns = rows.map((row) => ({
        name: row.name,
        type: row.type,
        notNull: row.notnull === 1,
        computed: row.hidden === 2,
      }));
      const uniqueKeys = readIndexes.all(name).map((index) => readParts.all(index));
      return {
        ...{ name, type, columns, uniqueKeys },
        primaryKey: primaryKey.length === 0 ? undefined : primaryKey,
      };
    });
}

const longestPart = 1_000;

/** The key columns of a few rows, as text. */
export function sampleKeys(
  db: Database,
  { table, key, most }: { readonly table: string; readonly key: readonly string[]; readonly most: number },
): readonly (readonly string[])[] {
  const parts = key.map((column) => {
    const name = quoteIdentifier(column);
    return `CASE WHEN octet_length(${name}) <= ${longestPart} THEN CAST(${name} AS TEXT) END`;
  });
  return db
    .prepare<[number], (string | null)[]>(`SELECT ${parts.join(', ')} FROM ${quoteIdentifier(table)} LIMIT ?`)
    .raw()
    .all(most)
    .flatMap((row) => (row.every((part) => part !== null) ? [row] : []));
}
