import type { IndexFacts, SchemaFacts, TableFacts } from './facts';

/**
 * The things that are there, in the words of the migration files:
 *   schema millrace · table T · column T.c · function millrace.f · trigger T.t
 *   bigint T.c            the column holds whatever a bigint does
 *   index T (a, b)        an index finds rows by equality of a and b; it may have more columns
 *   range T (a)           an index serves ranges of a
 *   key T (a, b)          exactly these columns are unique; of tables of the user's own, see own-tables.ts
 *   identity T (a, b)     unique on exactly these columns, of rows with a redis_id or redis_key
 * T is a bare name in the target schema, or millrace.<name>.
 */
export function presentThings({ server, tables, own }: SchemaFacts): ReadonlySet<string> {
  const things = new Set<string>();
  if (server.hasOwnSchema) things.add('schema millrace');
  for (const name of server.functions) things.add(`function millrace.${name}`);
  for (const table of tables.values()) addTable(things, table, table.name);
  for (const table of own.values()) addTable(things, table, `millrace.${table.name}`);
  return things;
}

function addTable(things: Set<string>, table: TableFacts, name: string): void {
  things.add(`table ${name}`);
  for (const column of table.columns) {
    things.add(`column ${name}.${column.name}`);
    if (column.udt !== 'int2' && column.udt !== 'int4') things.add(`bigint ${name}.${column.name}`);
  }
  for (const index of table.indexes) for (const thing of served(index, name)) things.add(thing);
  for (const trigger of table.triggers) things.add(`trigger ${name}.${trigger.name}`);
}

/** All beginnings of an index's column list, as far as its first expression. */
function prefixes(columns: readonly (string | null)[]): readonly string[] {
  const end = columns.indexOf(null);
  const plain = end < 0 ? columns : columns.slice(0, end);
  return plain.map((_column, last) => plain.slice(0, last + 1).join(', '));
}

function served({ columns, method, unique, predicate }: IndexFacts, name: string): readonly string[] {
  const lists = prefixes(columns);
  const all = lists.length === columns.length ? lists.at(-1) : undefined;
  if (predicate !== null) {
    const ours = unique && /^\((redis_id|redis_key) IS NOT NULL\)$/.test(predicate);
    return ours && all !== undefined ? [`identity ${name} (${all})`] : [];
  }
  if (method === 'brin')
    return columns.flatMap((column) => (column === null ? [] : [`range ${name} (${column})`]));
  if (method === 'hash') return all === undefined ? [] : [`index ${name} (${all})`];
  if (method !== 'btree') return [];
  return [
    ...lists.map((list) => `index ${name} (${list})`),
    ...lists.slice(0, 1).map((list) => `range ${name} (${list})`),
  ];
}

const verbs: Readonly<Record<string, string>> = {
  schema: 'created schema',
  table: 'created table',
  column: 'added column',
  bigint: 'widened to bigint:',
  index: 'created index on',
  range: 'created BRIN index on',
  identity: 'created unique index on',
  key: 'created unique index on',
  function: 'created function',
  trigger: 'created trigger',
  sequence: 'moved past the highest id: sequence',
};

/** `created table models`: one line of what migrate did. */
export function sentence(thing: string): string {
  const [what = '', ...name] = thing.split(' ');
  return `${verbs[what] ?? what} ${name.join(' ')}`;
}

/** The table a thing is on, as the files name it. */
export const tableOf = (thing: string): string | undefined =>
  /^(?:table|column|bigint|index|range|identity|key|trigger) ((?:millrace\.)?\w+)/.exec(thing)?.[1];
