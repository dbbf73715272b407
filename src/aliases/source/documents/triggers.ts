import { readAsset } from '../../../foundation/package-root';
import { fillTemplate, quoteIdentifier, quoteText } from '../identifiers';
import type { Column, Table } from '../table';
import type { UniqueKey } from '../unique-keys';
import { columnsOfAll, updateOf } from '../update-of';
import type { DocumentEntry } from './catalogue';
import { indexFor } from './indexes';
import { type Logged, loggedType, parseLoggedType } from './logged';
import { longestKeyPart } from './outputs';

const template = (name: string): string => readAsset(`triggers/${name}.sql`);
const bodies = {
  after_insert: template('document_after_insert'),
  after_update: template('document_after_update'),
  after_rename: template('document_after_rename'),
  after_delete: template('document_after_delete'),
  before_insert: template('before_insert'),
  before_update: template('before_update'),
} as const;
const kinds = Object.keys(bodies) as (keyof typeof bodies)[];
const victimsTemplate = template('document_victims');
const columnTemplate = template('document_column');

/** A colon can be in no type of an alias table: these names are nobody else's. */
export const documentObjects = 'millrace_t:';

/** What documents need in the file: by table, which columns are logged; and by name, the indexes. */
export interface DocumentNeeds {
  readonly tables: ReadonlyMap<string, { readonly table: Table; readonly columns: readonly Column[] }>;
  readonly indexes: ReadonlyMap<
    string,
    { readonly table: Table; readonly columns: readonly Column[]; readonly sql: string }
  >;
}

export function needsOf(entries: readonly DocumentEntry[]): DocumentNeeds {
  const watched = new Map<string, { readonly table: Table; readonly names: Set<string> }>();
  const indexes = new Map<string, { table: Table; columns: readonly Column[]; sql: string }>();
  for (const entry of entries) {
    if (entry.state === 'unserved') continue;
    for (const { table, by } of entry.watches) {
      const found = watched.get(table.name) ?? { table, names: new Set() };
      watched.set(table.name, found);
      for (const { name } of by) found.names.add(name);
    }
    const { table, columns } = entry;
    const { name, sql } = indexFor(table, columns);
    indexes.set(name, { table, columns, sql });
  }
  const tables = [...watched].map(([name, { table, names }]) => {
    // In the order of the table, so that the order of the documents makes no difference.
    return [name, { table, columns: table.columns.filter((column) => names.has(column.name)) }] as const;
  });
  return { tables: new Map(tables), indexes };
}

/** The triggers of one watched table, by name. */
export function documentTriggers(table: Table, columns: readonly Column[]): ReadonlyMap<string, string> {
  const row = (qualifier: string) =>
    columns
      .map(({ name }) =>
        fillTemplate(columnTemplate, {
          column: qualifier + quoteIdentifier(name),
          longest: String(longestKeyPart),
        }),
      )
      .join(" || ',' || ");
  const values = {
    table: quoteIdentifier(table.name),
    type: quoteText(loggedType(table, columns)),
    new: row('NEW.'),
    old: row('OLD.'),
  };
  const logged = columns.map(({ name }) => name);
  const rowidAlone = logged.every((name) => name === table.rowidColumn?.name);
  const rowid = table.rowid ?? (table.rowidColumn && quoteIdentifier(table.rowidColumn.name));
  const keys = table.uniqueKeys.filter((key) => !sameRow(key, columns));
  const conflicts = [
    ...(rowid === undefined || rowidAlone ? [] : [`${rowid} = NEW.${rowid}`]),
    ...keys.map((key) => key.conflict),
  ];
  const victims = (conflict: string) => fillTemplate(victimsTemplate, { ...values, row: row(''), conflict });
  const ofKeys = updateOf(columnsOfAll(keys), table);
  const ofLogged = updateOf(logged, table);
  // An UPDATE does not replace the very row it changes.
  const others = rowid === undefined ? '' : ` AND ${rowid} <> OLD.${rowid}`;
  const victimsOf: Readonly<Partial<Record<keyof typeof bodies, string>>> = {
    before_insert: conflicts.map(victims).join('\n'),
    before_update: conflicts.map((conflict) => victims(conflict + others)).join('\n'),
  };
  return new Map(
    kinds
      .filter((kind) => victimsOf[kind] !== '')
      .map((kind) => {
        const name = triggerName(table.name, kind);
        const places = {
          ...values,
          ofKeys,
          ofLogged,
          victims: victimsOf[kind] ?? '',
          name: quoteIdentifier(name),
        };
        return [name, fillTemplate(bodies[kind], places)];
      }),
  );
}

const triggerName = (table: string, kind: string): string => `${documentObjects}${table}_${kind}`;

/** The names that triggers of a table can have. */
export const triggerNames = (table: string): readonly string[] =>
  kinds.map((kind) => triggerName(table, kind));

/**
 * Whether a row that is replaced over this key logs what its successor logs, which the AFTER triggers do in any case. Not so where equal
 * values read differently: 1 and 1.0 in a column without a type.
 */
const sameRow = (key: UniqueKey, columns: readonly Column[]): boolean =>
  columns.every(({ name, affinity }) => affinity !== 'none' && key.binaryColumns.includes(name));

/** What a table's triggers log, going by the text of one. */
export function loggedBy(triggerSql: string): Logged | undefined {
  const [, quoted] = /VALUES \('(t:(?:[^']|'')*)'/.exec(triggerSql) ?? [];
  return quoted === undefined ? undefined : parseLoggedType(quoted.replaceAll("''", "'"));
}
