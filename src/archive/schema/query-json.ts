import type { ClientBase } from 'pg';
import { readSql } from '../../foundation/package-root';

/** Runs a query file; each row comes as one JSON text, so that the client's type parsers do not matter. */
export async function queryFile<T>(client: ClientBase, name: string, values: readonly unknown[] = []) {
  return queryJson<T>(client, readSql(`src/archive/schema/sql/${name}.sql`), values);
}

export async function queryJson<T>(client: ClientBase, sql: string, values: readonly unknown[] = []) {
  const wrapped = `SELECT to_json(row)::text AS row FROM (\n${sql}\n) AS row`;
  const { rows } = await client.query<{ row: string }>(wrapped, [...values]);
  return rows.map(({ row }) => JSON.parse(row) as T);
}
