import type { Database } from 'better-sqlite3';
import { quoteIdentifier } from '../identifiers';
import type { Column, Table } from '../table';
import type { DocumentEntry } from './catalogue';
import { walkQueries } from './walk-statements';
import { documentObjects, documentTriggers, loggedBy, needsOf, triggerNames } from './triggers';

export interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string;
}

export interface DocumentStep {
  readonly sql: string;
  readonly reason: string;
  /** Whether changes may have gone unseen until this step. */
  readonly mends: boolean;
  readonly makes?: { readonly type: 'trigger' | 'index'; readonly table: string };
}

/**
 * What the documents lack in the file. Triggers that log more columns than these documents need are left as they are, and such that log
 * fewer get the others added: so two programs with other mappings come to rest with the columns of both. What nobody needs any more goes
 * with `tidy` alone, once in the life of a process.
 */
export function planDocuments(
  db: Database,
  entries: readonly DocumentEntry[],
  present: ReadonlyMap<string, SchemaObject>,
  tidy: boolean,
): readonly DocumentStep[] {
  const needs = needsOf(entries);
  const steps: DocumentStep[] = [];
  const drop = ({ type, name }: SchemaObject, reason: string) => {
    steps.push({ sql: `DROP ${type} ${quoteIdentifier(name)}`, reason, mends: false });
  };
  const kept = new Set<string>();
  for (const { table, columns } of needs.tables.values()) {
    const logged = loggedColumns(table, present);
    const exact = documentTriggers(table, columns);
    const wider = documentTriggers(table, union(table, columns, logged));
    const complete = logsAll(table, columns, present);
    const wanted = tidy ? exact : wider;
    for (const name of triggerNames(table.name)) {
      kept.add(name);
      const [found, sql] = [present.get(name), wanted.get(name)];
      if (found?.sql === sql) continue;
      if (found !== undefined)
        drop(found, `trigger ${name} is ${sql === undefined ? 'left over' : 'out of date'}`);
      const makes = { type: 'trigger', table: table.name } as const;
      if (sql !== undefined) steps.push({ sql, reason: `${name} is missing`, mends: !complete, makes });
    }
  }
  for (const [name, { table, columns, sql }] of needs.indexes) {
    kept.add(name);
    const found = present.get(name);
    if (found?.sql === sql || (found === undefined && walksByIndex(db, table, columns))) continue;
    if (found !== undefined) drop(found, `index ${name} is out of date`);
    const makes = { type: 'index', table: table.name } as const;
    steps.push({ sql, reason: `no index serves the keys of ${table.name}`, mends: false, makes });
  }
  if (!tidy) return steps;
  for (const object of present.values()) {
    if (object.name.startsWith(documentObjects) && !kept.has(object.name))
      drop(object, `${object.type} ${object.name} is left over on ${object.tbl_name}`);
  }
  return steps;
}

/** The documents of which changes go unseen as the file is now. */
export const unloggedDocuments = (
  entries: readonly DocumentEntry[],
  present: ReadonlyMap<string, SchemaObject>,
): readonly string[] =>
  entries
    .filter((entry) => entry.state === 'served')
    .filter(({ watches }) => !watches.every(({ table, by }) => logsAll(table, by, present)))
    .map(({ mapping }) => mapping.name);

/** Whether the triggers of a table are all there, and log these columns. */
function logsAll(
  table: Table,
  columns: readonly Column[],
  present: ReadonlyMap<string, SchemaObject>,
): boolean {
  const logged = loggedColumns(table, present);
  return (
    columns.every(({ name }) => logged.some((column) => column.name === name)) &&
    [...documentTriggers(table, logged)].every(([name, sql]) => present.get(name)?.sql === sql)
  );
}

/** The columns that the triggers of a table log now, of those that it still has. */
function loggedColumns(table: Table, present: ReadonlyMap<string, SchemaObject>): readonly Column[] {
  const [after = ''] = triggerNames(table.name);
  const logged = loggedBy(present.get(after)?.sql ?? '');
  return table.columns.filter(({ name }) => logged?.columns.includes(name));
}

const union = (table: Table, some: readonly Column[], others: readonly Column[]): readonly Column[] =>
  table.columns.filter(({ name }) => [...some, ...others].some((column) => column.name === name));

/** Whether an index serves look-ups and the ordered walk: asked of the planner. */
function walksByIndex(db: Database, table: Table, columns: readonly Column[]): boolean {
  const { next, equal } = walkQueries(table, columns);
  const bound = Object.fromEntries(columns.map((_column, position) => [`k${position}`, 0]));
  const plan = (sql: string, values: Readonly<Record<string, unknown>>) =>
    db.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(values);
  const details = [...plan(next.rows, { ...bound, limit: 1 }), ...plan(equal, bound)];
  return !details.some(({ detail }) => /^SCAN t\b|AUTOMATIC|TEMP B-TREE FOR ORDER/.test(detail));
}
