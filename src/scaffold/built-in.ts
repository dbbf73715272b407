import { type AliasMapping, keyPrefix } from '../mapping/alias-tables';
import { columnsOf, type DocumentMapping } from '../mapping/documents';
import { builtInDocuments } from '../mapping/file/built-in';
import type { FoundTable } from './tables';

/** A file of mappings that comes with Millrace: what it maps of an SQLite file. */
export interface BuiltIn {
  /** As `include` names it. */
  readonly name: string;
  readonly tables: readonly BuiltInTable[];
}

export interface BuiltInTable {
  readonly mapping: string;
  readonly prefix: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** The one whose mappings are of records, and the kinds of the registry. */
export const aiRegistryName = 'ai-registry';

/** @param aliasTables those of ALIAS_TABLES, which take the place of the built-in ones */
export const builtIns = (aliasTables: readonly AliasMapping[]): readonly BuiltIn[] => [
  { name: 'sports-aliases', tables: aliasTables.map(tableOfAliases) },
  { name: 'sports-entities', tables: builtInDocuments('sports-entities').flatMap(tableOf) },
];

const tableOfAliases = ({ type, table, idColumn, aliasColumn }: AliasMapping): BuiltInTable => ({
  mapping: type,
  prefix: keyPrefix(type),
  table,
  columns: [idColumn, aliasColumn],
});

const tableOf = ({ name, key, form, rows }: DocumentMapping): readonly BuiltInTable[] => {
  if ('sql' in rows) return [];
  const columns = [...key.parts.map(({ column }) => column), ...columnsOf(form)];
  return [{ mapping: name, prefix: key.prefix, table: rows.table, columns }];
};

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Whether the found table is the one that the built-in file means: it has its name and all of its columns. */
export const isMeant = ({ table, columns }: BuiltInTable, found: FoundTable | undefined): boolean =>
  found?.type === 'table' &&
  same(found.name, table) &&
  columns.every((name) => found.columns.some((column) => same(column.name, name) && !column.computed));
