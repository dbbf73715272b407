import type { Database } from 'better-sqlite3';
import { inFew } from '../../foundation/in-few';
import type { AliasCase, AliasMapping } from '../../mapping/alias-tables';
import { quoteIdentifier } from './identifiers';
import { uniqueKeys, type UniqueKey } from './unique-keys';

/** An alias table as SQLite describes it, with names in the catalogue's own spelling. */
export interface AliasTable {
  readonly state: 'served';
  readonly mapping: AliasMapping;
  readonly table: string;
  readonly idColumn: string;
  readonly aliasColumn: string;
  /** The alias column stores text only (or NULL or a blob): numbers are turned into text on the way in. */
  readonly aliasIsText: boolean;
  readonly columns: readonly string[];
  /** A name by which the rowid can be reached; undefined for WITHOUT ROWID tables. */
  readonly rowid: string | undefined;
  readonly uniqueKeys: readonly UniqueKey[];
}

/** A configured table that cannot be served now. Its keys in Redis are left alone. */
export interface UnservedTable {
  readonly state: 'unserved';
  readonly mapping: AliasMapping;
  readonly reason: 'missing' | 'not-a-table' | 'no-column' | 'computed';
  readonly message: string;
  readonly hint: string;
}

export type CatalogueEntry = AliasTable | UnservedTable;

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** 2: a generated column that is computed whenever it is read. */
  readonly hidden: number;
}

/** Looks up every configured mapping in the open database's catalogue. Reads only; never throws for a wrong mapping. */
export function readCatalogue(db: Database, mappings: readonly AliasMapping[]): readonly CatalogueEntry[] {
  return mappings.map((mapping) => lookUp(db, mapping));
}

function lookUp(db: Database, mapping: AliasMapping): CatalogueEntry {
  const unserved = (reason: UnservedTable['reason'], message: string, hint: string): UnservedTable => ({
    state: 'unserved',
    mapping,
    reason,
    message,
    hint,
  });
  const found = db
    .prepare<[string], { name: string; type: string; wr: number }>(
      "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE",
    )
    .get(mapping.table);
  if (found === undefined) {
    return unserved(
      'missing',
      `No such table: ${mapping.table}`,
      `Ensure the database exists and has alias tables, or name yours in ALIAS_TABLES. Until then alias:${mapping.type}:* stays as it is.`,
    );
  }
  if (found.type !== 'table') {
    return unserved(
      'not-a-table',
      `${found.name} is a ${found.type}, which cannot carry the triggers`,
      'Name the table behind it, and its columns, in ALIAS_TABLES.',
    );
  }
  const columns = db
    .prepare<[string], ColumnRow>('SELECT name, type, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1')
    .all(found.name);
  const column = (name: string) => columns.find((other) => other.name.toLowerCase() === name.toLowerCase());
  const id = column(mapping.idColumn);
  const alias = column(mapping.aliasColumn);
  if (id === undefined || alias === undefined) {
    const missing = id === undefined ? mapping.idColumn : mapping.aliasColumn;
    return unserved(
      'no-column',
      `${found.name} has no column ${missing}; it has ${inFew(columns.map((other) => other.name))}`,
      `Name its columns in ALIAS_TABLES, for example ${mapping.type}=${found.name}(id_column,alias_column).`,
    );
  }
  // To read such a column is to compute, in our memory, whatever the file says, however large: nothing bounds that.
  const computed = [id, alias].find(({ hidden }) => hidden === 2);
  if (computed !== undefined) {
    return unserved(
      'computed',
      `${found.name}.${computed.name} is a VIRTUAL generated column, computed by whoever reads it`,
      'Make it STORED, or name the column that it is computed from, in ALIAS_TABLES.',
    );
  }
  const names = columns.map((other) => other.name);
  const rowidNames = ['rowid', '_rowid_', 'oid'].filter(
    (name) => !names.some((other) => other.toLowerCase() === name),
  );
  return {
    state: 'served',
    mapping,
    table: found.name,
    idColumn: id.name,
    aliasColumn: alias.name,
    aliasIsText: /CHAR|CLOB|TEXT/i.test(alias.type) && !/INT/i.test(alias.type),
    columns: names,
    rowid: found.wr === 0 ? rowidNames[0] : undefined,
    uniqueKeys: uniqueKeys(db, found.name),
  };
}

/**
 * SQL for the part of a Redis key that comes from the alias: the same expression in the index and in the queries, so that
 * SQLite can use the one for the other.
 * @param qualifier `t.` in queries that join, nothing in the index.
 */
export function keyExpression(table: AliasTable, aliasCase: AliasCase, qualifier = ''): string {
  const alias = qualifier + quoteIdentifier(table.aliasColumn);
  if (aliasCase === 'lower') return `LOWER(${alias})`;
  // COLLATE BINARY: a NOCASE column would make RMCF and rmcf one key.
  return table.aliasIsText ? `${alias} COLLATE BINARY` : `CAST(${alias} AS TEXT)`;
}
