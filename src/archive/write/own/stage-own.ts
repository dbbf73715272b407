import type { Transaction } from '../../../connections/postgres/postgres';
import { CopyText } from '../../batch/copy-text';
import type { Value } from '../../record/decode';
import { quoteName, type Target } from '../../record/target';
import { anyOf, differs } from '../equality';
import type { Written } from '../upsert';

/** With fewer rows a temporary table costs more than it saves. */
export const leastStaged = 200;

const stage = 'pg_temp.millrace_stage_own';

/** SQL: whether nothing but the statement itself decides what becomes of a row. $1 the table */
const plainSql = `SELECT c.relkind = 'r' AND NOT c.relhassubclass AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g
  WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) AS plain FROM pg_catalog.pg_class c WHERE c.oid = $1::regclass`;

/** Whether rows may be written by `stageOwn`: without triggers a row that is not written is equal already. */
export async function isPlainTable(transaction: Transaction, { table }: Target): Promise<boolean> {
  const [row] = await transaction.query(plainSql, [table]);
  return row?.['plain'] === 't';
}

export interface StagedRows {
  readonly identity: readonly string[];
  readonly columns: readonly string[];
  /** SQL: the unique index. */
  readonly arbiter: string;
  /** For each row the values of the identity, then of the columns; no identity may occur twice. */
  readonly rows: readonly (readonly Value[])[];
}

/** SQL: the unique index over the columns that a row is found by. */
export const arbiterOf = (identity: readonly string[]): string => `(${identity.map(quoteName).join(', ')})`;

/**
 * Writes many rows of the user's own through a temporary table: COPY takes them several times as fast as parameters. Idempotent, by the key.
 * @param overwrites the columns that a row takes which is there
 */
export async function stageOwn(
  transaction: Transaction,
  target: Target,
  { identity, columns, arbiter, rows, overwrites }: StagedRows & { readonly overwrites: readonly string[] },
): Promise<Written> {
  const all = [...identity, ...columns].map(quoteName).join(', ');
  await fillStage(transaction, target, all, rows);
  const given = (column: string) => `EXCLUDED.${quoteName(column)}`;
  const set = overwrites.map((column) => `${quoteName(column)} = ${given(column)}`).join(', ');
  const unlike = overwrites.map((column) => differs(target, column, given(column), 'stored', true));
  const [counts] = await transaction.query(
    `WITH put AS (INSERT INTO ${target.table} AS t (${all}) OVERRIDING SYSTEM VALUE SELECT ${all} FROM ${stage} ` +
      `ON CONFLICT ${arbiter} DO UPDATE SET ${set} WHERE ${anyOf(unlike)} RETURNING (t.xmax = 0) AS added) ` +
      `SELECT count(*) FILTER (WHERE added) AS added, count(*) FILTER (WHERE NOT added) AS updated FROM put`,
  );
  await transaction.execute(`DROP TABLE ${stage}`);
  return { added: Number(counts?.['added']), updated: Number(counts?.['updated']) };
}

/**
 * Writes many rows through the same table, but for those that are there: they stay as they are.
 * @returns the places, from 0, of the rows that were not written
 */
export async function stageNew(
  transaction: Transaction,
  target: Target,
  { identity, columns, arbiter, rows }: StagedRows,
): Promise<readonly number[]> {
  const all = [...identity, ...columns].map(quoteName).join(', ');
  await fillStage(transaction, target, all, rows);
  const key = (of: string) => identity.map((name) => `${of}.${quoteName(name)}`).join(', ');
  // In the order in which they came, whatever plan Postgres chooses: a table may number its rows.
  const there = await transaction.query(
    `WITH put AS (INSERT INTO ${target.table} AS t (${all}) OVERRIDING SYSTEM VALUE SELECT ${all} FROM ${stage} s ORDER BY s.ctid ` +
      `ON CONFLICT ${arbiter} DO NOTHING RETURNING ${key('t')}) ` +
      `SELECT s.millrace_place FROM (SELECT ${key('s')}, row_number() OVER (ORDER BY s.ctid) AS millrace_place FROM ${stage} s) s ` +
      // The first condition is asked once: mostly nothing was there, and nothing need be looked for.
      `WHERE (SELECT count(*) FROM put) < ${rows.length} AND NOT EXISTS (SELECT FROM put WHERE (${key('put')}) = (${key('s')}))`,
  );
  await transaction.execute(`DROP TABLE ${stage}`);
  return there.map((row) => Number(row['millrace_place']) - 1);
}

async function fillStage(
  transaction: Transaction,
  { table }: Target,
  all: string,
  rows: readonly (readonly Value[])[],
): Promise<void> {
  await transaction.execute(
    `CREATE TEMP TABLE millrace_stage_own ON COMMIT DROP AS SELECT ${all} FROM ${table} WITH NO DATA`,
  );
  const taken = await transaction.copy(`COPY ${stage} (${all}) FROM STDIN`, encode(rows));
  // COPY ends silently at a line that reads \. : so everything that was sent must have arrived.
  if (taken !== rows.length) throw new Error(`COPY took ${taken} of ${rows.length} rows`);
}

const pieceBytes = 256 * 1024;

function* encode(rows: readonly (readonly Value[])[]): Generator<Buffer> {
  const text = new CopyText();
  for (const row of rows) {
    for (const value of row) text.value(value);
    text.endRow();
    if (text.length >= pieceBytes) yield text.take();
  }
  if (text.length > 0) yield text.take();
}
