import type { Transaction } from '../../connections/postgres';
import { parameter, type Value } from '../record/decode';
import { placeholders, quoteName, type Target } from '../record/target';
import { anyOf, differs, keeps } from './equality';

export interface Written {
  readonly added: number;
  readonly updated: number;
}

export interface Upserted extends Written {
  /** What tells the rows apart that were written: see `identityIn`. */
  readonly written: ReadonlySet<string>;
  /** Their ids. */
  readonly ids: readonly string[];
  /** The table has triggers that are not ours: they may have changed what was written. */
  readonly watched: boolean;
}

export interface UpsertOptions {
  readonly target: Target;
  /** What tells rows apart, and the rest. */
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** The arbiter of ON CONFLICT, as it stands in the SQL. */
  readonly arbiter: string;
  /** What of a row that is there counts as the same. */
  readonly strictness: 'stored' | 'shared';
  /** Values of the identity, then of the columns. No identity twice: Postgres refuses that (21000). */
  readonly rows: readonly (readonly (Value | undefined)[])[];
  /** A row that is already so is written as well. */
  readonly always?: true;
}

/** Of a row given or written: one text for one identity. Uuids are written with and without dashes. */
export const identityIn = (values: readonly (Value | undefined)[]): string =>
  values.map((value) => (value ?? '').toString().replaceAll('-', '')).join(' ');

/** Looked up by an index, for each row. */
const watchedSql = `EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.tableoid AND NOT g.tgisinternal AND g.tgname NOT LIKE 'millrace%')`;

/** Rows in one statement: Postgres takes 65,535 parameters. */
const blockRows = 1_000;

/** Inserts rows, or updates those that differ; a row that is already so is not touched. */
export async function upsert(transaction: Transaction, options: UpsertOptions): Promise<Upserted> {
  const { target, identity, columns, arbiter, strictness, rows, always } = options;
  const all = [...identity, ...columns].map(quoteName).join(', ');
  const given = (column: string) => `EXCLUDED.${quoteName(column)}`;
  const after = (column: string) =>
    strictness === 'stored'
      ? given(column)
      : `CASE WHEN ${keeps(target, given(column))} THEN t.${quoteName(column)} ELSE ${given(column)} END`;
  const set = columns.map((column) => `${quoteName(column)} = ${after(column)}`).join(', ');
  const unlike = columns.map((column) => differs(target, column, given(column), strictness, true));
  const where = always ? '' : ` WHERE ${anyOf(unlike)}`;
  const told = identity.map((name, index) => `t.${quoteName(name)} AS i${index}`).join(', ');
  let added = 0;
  let updated = 0;
  let watched = false;
  const written = new Set<string>();
  const ids: string[] = [];
  for (let at = 0; at < rows.length; at += blockRows) {
    const block = rows.slice(at, at + blockRows);
    const sql =
      `INSERT INTO ${target.table} AS t (${all}) OVERRIDING SYSTEM VALUE VALUES ${placeholders(block.length, identity.length + columns.length)} ` +
      `ON CONFLICT ${arbiter} DO UPDATE SET ${set}${where} ` +
      `RETURNING (t.xmax = 0) AS added, t.id, ${told}, ${watchedSql} AS watched`;
    for (const row of await transaction.query(sql, block.flat().map(parameter))) {
      if (row['added'] === 't') added++;
      else updated++;
      written.add(identityIn(identity.map((_name, index) => row[`i${index}`] ?? null)));
      ids.push(row['id'] ?? '');
      watched ||= row['watched'] === 't';
    }
  }
  return { added, updated, written, ids, watched };
}
