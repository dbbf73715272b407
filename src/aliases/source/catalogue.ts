import type { Database } from 'better-sqlite3';
import { inFew } from '../../foundation/in-few';
import type { AliasCase, AliasMapping } from '../../mapping/alias-tables';
import { quoteIdentifier } from './identifiers';
import { type Column, columnOf, readTable } from './table';
import type { UniqueKey } from './unique-keys';

/** An alias table as SQLite describes it, with names in the catalogue's own spelling. */
export interface AliasTable {
  readonly state: 'served';
  readonly mapping: AliasMapping;
  readonly table: string;
  readonly idColumn: string;
  readonly aliasColumn: string;
  /** The alias column stores text only (or NULL or a blob): numbers are turned into text on the way in. */
  readonly aliasIsText: boolean;
  readonly columns: readonly Column[];
  /** A name by which the rowid can be reached; undefined for WITHOUT ROWID tables. */
  readonly rowid: string | undefined;
  /** The INTEGER PRIMARY KEY, which is the rowid itself. */
  readonly rowidColumn: Column | undefined;
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
  const found = readTable(db, mapping.table);
  if (found === undefined) {
    return unserved(
      'missing',
      `No such table: ${mapping.table}`,
      `Ensure the database exists and has alias tables, or name yours in ALIAS_TABLES. Until then alias:${mapping.type}:* stays as it is.`,
    );
  }
  if (typeof found === 'string') {
    return unserved(
      'not-a-table',
      `${mapping.table} is a ${found}, which cannot carry the triggers`,
      'Name the table behind it, and its columns, in ALIAS_TABLES.',
    );
  }
  const id = columnOf(found, mapping.idColumn);
  const alias = columnOf(found, mapping.aliasColumn);
  if (id === undefined || alias === undefined) {
    const missing = id === undefined ? mapping.idColumn : mapping.aliasColumn;
    return unserved(
      'no-column',
      `${found.name} has no column ${missing}; it has ${inFew(found.columns.map((other) => other.name))}`,
      `Name its columns in ALIAS_TABLES, for example ${mapping.type}=${found.name}(id_column,alias_column).`,
    );
  }
  // To read such a column is to compute, in our memory, whatever the file says, however large: nothing bounds that.
  const computed = [id, alias].find((column) => column.computed);
  if (computed !== undefined) {
    return unserved(
      'computed',
      `${found.name}.${computed.name} is a VIRTUAL generated column, computed by whoever reads it`,
      'Make it STORED, or name the column that it is computed from, in ALIAS_TABLES.',
    );
  }
  return {
    state: 'served',
    mapping,
    table: found.name,
    idColumn: id.name,
    aliasColumn: alias.name,
    aliasIsText: alias.affinity === 'text',
    columns: found.columns,
    rowid: found.rowid,
    rowidColumn: found.rowidColumn,
    uniqueKeys: found.uniqueKeys,
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
