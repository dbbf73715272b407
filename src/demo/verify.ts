import type { Client } from 'pg';
import type Redis from 'ioredis';
import { expectedValue, type Fields, readDemoRecords, type RedisRecord } from './expected';
import { type Form, type Name, type Table, tables } from './tables';

/** The comparison of one kind of record. */
export interface Verification {
  readonly records: string;
  readonly equal: number;
  readonly total: number;
  /** In sentences; empty when all is equal. */
  readonly differences: readonly string[];
}

interface Compared {
  readonly redis: Redis;
  readonly postgres: Client;
  /** The keys of the records in Redis to compare. */
  readonly keys: readonly string[];
  /** Whether these are all records: then any further row in Postgres is a difference. */
  readonly all: boolean;
}

/**
 * Compares every column of every record with its row in Postgres, by plain reads of both. The row is found by its contents (a name, a
 * version under its model), and its id must be the one that millrace.id_map has for the record.
 */
export async function verify({ redis, postgres, keys, all }: Compared): Promise<Verification[]> {
  const records = await readDemoRecords(redis, keys);
  const comparisons: Verification[] = [];
  /** `<name> <Redis id>` -> the id of the row found. */
  const ids = new Map<string, string>();
  for (const [name, table] of Object.entries(tables) as [Name, Table][]) {
    const ofKind = records.get(name) ?? [];
    const wanted = await expectedRows(postgres, { name, table, records: ofKind, ids });
    const found = await foundRows(postgres, table, wanted);
    ofKind.forEach(({ id }, index) => {
      const row = found.find((other) => labelOf(table, other) === labelOf(table, wanted[index] ?? {}));
      if (table.mappedBy !== undefined && row?.['id']) ids.set(`${name} ${id}`, row['id']);
    });
    const surplus = all ? (await countRows(postgres, table)) - wanted.length : 0;
    comparisons.push(compare(table, { wanted, found, surplus }));
  }
  return comparisons;
}

interface Kind {
  readonly name: Name;
  readonly table: Table;
  readonly records: readonly RedisRecord[];
  readonly ids: ReadonlyMap<string, string>;
}

function expectedRows(postgres: Client, { name, table, records, ids }: Kind): Promise<Fields[]> {
  const idOf = (form: Form, id: string) =>
    ids.get(`${form.slice('id of '.length)} ${id}`) ?? `none for ${id}`;
  return Promise.all(
    records.map(async (record) => {
      const columns = Object.keys(table.columns);
      const values = columns.map((column) => [column, expectedValue(table, column, { record, idOf })]);
      const row = Object.fromEntries(values) as Fields;
      const { mappedBy } = table;
      if (mappedBy === undefined) return row;
      const { rows } = await postgres.query<{ pg_id: string }>(
        "SELECT pg_id::text FROM millrace.id_map WHERE kind = $1 AND redis_id = $2 AND created_at = $3::timestamp AT TIME ZONE 'UTC'",
        [name, record.id, row[mappedBy]],
      );
      return { ...row, id: rows[0]?.pg_id ?? null };
    }),
  );
}

/** All rows that may be among those wanted, by the label's first column. */
async function foundRows(postgres: Client, table: Table, wanted: readonly Fields[]): Promise<Fields[]> {
  const [scope] = table.label;
  const columns = Object.entries(table.columns).map(
    ([column, form]) => `${asText(column, form)} AS "${column}"`,
  );
  const { rows } = await postgres.query<Fields>(
    `SELECT id::text AS id, ${columns.join(', ')} FROM "${table.table}" WHERE "${scope}"::text = ANY($1)`,
    [wanted.map((row) => row[scope])],
  );
  return rows.map((row) => ({ ...row, ...numbersOf(table, row) }));
}

function asText(column: string, form: Form): string {
  return form === 'time' ? `to_char("${column}", 'YYYY-MM-DD"T"HH24:MI:SS.US')` : `"${column}"::text`;
}

/** Postgres and JavaScript write 1e+06 differently. */
const numbersOf = (table: Table, row: Fields): Fields =>
  Object.fromEntries(
    Object.entries(table.columns)
      .filter(([, form]) => form === 'measure' || form === 'number')
      .map(([column]) => [column, row[column] == null ? null : String(Number(row[column]))]),
  );

async function countRows(postgres: Client, { table }: Table): Promise<number> {
  const { rows } = await postgres.query<{ count: string }>(`SELECT count(*) FROM "${table}"`);
  return Number(rows[0]?.count);
}

const labelOf = (table: Table, row: Fields): string =>
  table.label.map((column) => `${column} ${row[column] ?? 'NULL'}`).join(', ');

interface Rows {
  readonly wanted: readonly Fields[];
  readonly found: readonly Fields[];
  readonly surplus: number;
}

function compare(table: Table, { wanted, found, surplus }: Rows): Verification {
  const differences: string[] = [];
  let equal = 0;
  for (const row of wanted) {
    const label = labelOf(table, row);
    const rows = found.filter((other) => labelOf(table, other) === label);
    const told = differencesOf(row, rows).map((difference) => `${table.table} with ${label}: ${difference}`);
    if (told.length === 0) equal++;
    differences.push(...told);
  }
  if (surplus > 0) differences.push(`${table.table}: ${surplus} rows more than records in Redis`);
  return { records: table.records, equal, total: wanted.length, differences };
}

function differencesOf(wanted: Fields, rows: readonly Fields[]): string[] {
  const [row] = rows;
  if (row === undefined) return ['there is no such row in Postgres'];
  if (rows.length > 1) return [`there are ${rows.length} such rows in Postgres`];
  return Object.keys(wanted)
    .filter((column) => wanted[column] !== row[column])
    .map((column) => `${column} is ${shown(row[column])} in Postgres, and must be ${shown(wanted[column])}`);
}

const shown = (value: string | null | undefined): string => (value == null ? 'NULL' : JSON.stringify(value));
