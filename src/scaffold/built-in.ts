import { defaultMappings, keyPrefix } from '../mapping/alias-tables';
import type { FoundTable } from './tables';

/** A file of mappings that comes with Millrace: what it maps of an SQLite file. */
export interface BuiltIn {
  /** As `include` names it. */
  readonly name: string;
  readonly tables: readonly BuiltInTable[];
}

export interface BuiltInTable {
  readonly mapping: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly prefix: string;
}

/** The one whose mappings are no files yet: the kinds of the registry. */
export const aiRegistryName = 'ai-registry';

const entityTables = [
  { table: 'teams', mapping: 'team', columns: ['sport', 'league'] },
  { table: 'players', mapping: 'player', columns: ['sport', 'team'] },
  { table: 'leagues', mapping: 'league', columns: ['sport', 'country'] },
  { table: 'markets', mapping: 'market', columns: ['sport'] },
];

export const builtIns: readonly BuiltIn[] = [
  {
    name: 'sports-aliases',
    tables: defaultMappings.map(({ type, table, idColumn, aliasColumn }) => ({
      mapping: type,
      table,
      columns: [idColumn, aliasColumn],
      prefix: keyPrefix(type),
    })),
  },
  {
    name: 'sports-entities',
    tables: entityTables.map(({ table, mapping, columns }) => ({
      mapping: `entity-${mapping}`,
      table,
      columns: ['id', 'name', 'normalized_name', ...columns],
      prefix: `entity:${mapping}:`,
    })),
  },
];

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** Whether the found table is the one that the built-in file means: it has its name and all of its columns. */
export const isMeant = ({ table, columns }: BuiltInTable, found: FoundTable | undefined): boolean =>
  found?.type === 'table' &&
  same(found.name, table) &&
  columns.every((name) => found.columns.some((column) => same(column.name, name) && !column.computed));
