import { type Catalogue, type KindName, kindOf, type OwnKind, ownKindsOf } from '../../mapping/kinds';
import { identityOfOwn } from '../../mapping/own-key';
import { quoteName } from '../record/target';
import { expectedOwnColumns } from './expected-columns';
import type { SchemaFacts, TableFacts } from './facts';
import { ownProblems } from './own-problems';
import { type Problem, schemaProblem } from './problems';

/** What makes a table of the user's own what its mapping needs: as a step of a migration. */
export interface OwnStep {
  readonly kind: KindName;
  readonly thing: string;
  readonly sql: string;
}

export interface OwnPlan {
  /** In order. */
  readonly steps: readonly OwnStep[];
  /** What keeps mappings from being served, by name: nobody but a person can mend it. The others go on. */
  readonly problems: ReadonlyMap<KindName, readonly Problem[]>;
}

/** What the tables of the user's own mappings lack. @param only of these alone. Pure. */
export function planOwnTables(
  facts: SchemaFacts,
  catalogue: Catalogue,
  only?: ReadonlySet<KindName>,
): OwnPlan {
  const steps: OwnStep[] = [];
  const problems = new Map<KindName, readonly Problem[]>();
  for (const kind of ownKindsOf(catalogue)) {
    if (only?.has(kind.name) === false) continue;
    const table = facts.tables.get(kind.table);
    const due = ownSteps(kind, table, catalogue);
    const found = ownProblems(kind, table, facts, due);
    if (found.length > 0) problems.set(kind.name, found);
    else steps.push(...due);
  }
  return { steps, problems };
}

/** The mappings that cannot be served as the tables are, and why: also those of which something has still to be made. Pure. */
export function stoppedMappings(
  facts: SchemaFacts,
  catalogue: Catalogue,
): ReadonlyMap<KindName, readonly Problem[]> {
  const { steps, problems } = planOwnTables(facts, catalogue);
  const stopped = new Map(problems);
  for (const { kind, thing, sql } of steps) {
    const { table } = kindOf(catalogue, kind);
    const what = thing.startsWith('table ')
      ? `there is no table ${table}`
      : `table ${table} lacks the ${thing}`;
    const problem = schemaProblem(what, sql.replace(/\n */g, ' '));
    stopped.set(kind, [...(stopped.get(kind) ?? []), problem]);
  }
  return stopped;
}

function ownSteps(kind: OwnKind, table: TableFacts | undefined, catalogue: Catalogue): readonly OwnStep[] {
  const { name, table: tableName, own } = kind;
  const key = identityOfOwn(own).map(({ column }) => column);
  const keyList = key.map(quoteName).join(', ');
  if (table === undefined)
    return [{ kind: name, thing: `table ${tableName}`, sql: createTable(kind, keyList, catalogue) }];
  const there = new Set(table.columns.map((column) => column.name));
  const columns = expectedOwnColumns(kind)
    .filter((column) => !there.has(column.name))
    .map((column) => ({
      kind: name,
      thing: `column ${tableName}.${column.name}`,
      sql: `ALTER TABLE ${quoteName(tableName)} ADD COLUMN ${quoteName(column.name)} ${column.type};`,
    }));
  const keys = [key, ...own.unique].filter((unique) => !hasKey(table, unique));
  return [
    ...columns,
    ...keys.map((unique) => ({
      kind: name,
      thing: `key ${tableName} (${unique.join(', ')})`,
      sql: `CREATE UNIQUE INDEX ON ${quoteName(tableName)} (${unique.map(quoteName).join(', ')});`,
    })),
  ];
}

/** Whether exactly these columns are unique, in whatever order: what ON CONFLICT asks for. */
const hasKey = ({ indexes }: TableFacts, key: readonly string[]): boolean =>
  indexes.some(
    ({ unique, predicate, columns }) =>
      unique &&
      predicate === null &&
      columns.length === key.length &&
      key.every((column) => columns.includes(column)),
  );

function createTable(kind: OwnKind, keyList: string, catalogue: Catalogue): string {
  const { own, table } = kind;
  const key = identityOfOwn(own).map(({ column }) => column);
  // Everything but the key may be NULL: what is required is checked before, and a mapping may change its mind.
  const columns = expectedOwnColumns(kind).map(
    ({ name, type }) => `${quoteName(name)} ${type}${key.includes(name) ? ' NOT NULL' : ''}`,
  );
  const references = own.refers.map(({ column, kind: parent }) => {
    const other = kindOf(catalogue, parent);
    const [part] = other.own?.parts ?? [];
    return `FOREIGN KEY (${quoteName(column)}) REFERENCES ${quoteName(other.table)} (${quoteName(part?.column ?? 'id')})`;
  });
  const unique = own.unique.map((names) => `UNIQUE (${names.map(quoteName).join(', ')})`);
  const lines = [...columns, `PRIMARY KEY (${keyList})`, ...unique, ...references];
  const indexes = own.refers
    .filter(({ column }) => column !== key[0])
    .map(({ column }) => `\nCREATE INDEX ON ${quoteName(table)} (${quoteName(column)});`);
  // Nothing of a stream is in a table that is new, whatever was read into one of its name.
  const unread =
    kind.shape === 'entries' ? `\nDELETE FROM millrace.entries_read WHERE target = '${table}';` : '';
  return `CREATE TABLE ${quoteName(table)} (\n  ${lines.join(',\n  ')}\n);${indexes.join('')}${unread}`;
}
