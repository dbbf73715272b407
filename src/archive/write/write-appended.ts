import type { Transaction } from '../../connections/postgres/postgres';
import type { CarriedCopy } from '../batch/carried-copy';
import { CopyText } from '../batch/copy-text';
import { present } from './expectation';
import { findUnlike } from './find-unlike';
import { identityColumns, identityValues, type Resolved } from '../identity/resolved';
import { Swallowed, swallowed, unrecognizable } from './swallowed';
import { quoteName, type Target } from '../record/target';
import { arbiterOf } from './write-keyed';

/** The text of COPY is handed over in pieces of about this many bytes. */
const pieceBytes = 256 * 1024;

/** The columns of an append-only kind in COPY's order: parents, then what tells the record from others, then the rest. */
function copyColumns({ kind }: Target): string[] {
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  return [...kind.parents.map(({ column }) => column), mark, ...kind.columns.map(({ column }) => column)];
}

/**
 * Writes predictions or metrics straight into their table: for records that nobody can have written yet. (If somebody has, there is a
 * unique violation, and the caller tries `writeAppended`.) @param copy more predictions, as text of COPY. @throws Swallowed without
 * culprits
 */
export async function writeNew(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  copy?: CarriedCopy,
): Promise<number> {
  const columns = copyColumns(target).map(quoteName).join(', ');
  const sent = rows.length + (copy?.size ?? 0);
  const command = `COPY ${target.table} (${columns}) FROM STDIN`;
  const taken = await transaction.copy(command, pieces(rows, copy));
  if (taken !== sent) throw new Swallowed(`COPY took ${taken} of ${sent} rows`);
  return taken;
}

/**
 * Writes predictions or metrics through a temporary table, without those that are there already: idempotent. A trigger may put rows into
 * a child table; found there, they count as written. @returns how many were new. @throws Swallowed
 */
export async function writeAppended(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
): Promise<number> {
  const columns = copyColumns(target).map(quoteName).join(', ');
  const stage = `pg_temp.millrace_stage_${target.kind.name}`;
  await transaction.execute(
    `CREATE TEMP TABLE millrace_stage_${target.kind.name} ON COMMIT DROP AS SELECT ${columns} FROM ${target.table} WITH NO DATA`,
  );
  const taken = await transaction.copy(`COPY ${stage} (${columns}) FROM STDIN`, pieces(rows, undefined));
  // COPY ends silently at a line that reads \. : so everything that was sent must have arrived.
  if (taken !== rows.length) throw new Error(`COPY took ${taken} of ${rows.length} rows`);
  const identity = identityColumns(target.kind);
  const names = identity.map(quoteName).join(', ');
  const same = identity.map(quoteName).map((name) => `t.${name} = s.${name}`).join(' AND '); // prettier-ignore
  const [counts] = await transaction.query(
    // NOT EXISTS comes first: ON CONFLICT alone would take a number from the sequence for each row that is there already.
    `WITH fresh AS MATERIALIZED (SELECT ${columns} FROM ${stage} s WHERE NOT EXISTS (SELECT FROM ${target.table} t WHERE ${same}) ` +
      // In the order in which they came, whatever plan Postgres chooses, so that their ids rise.
      `ORDER BY s.ctid), ` +
      `put AS (INSERT INTO ${target.table} (${columns}) SELECT ${columns} FROM fresh ON CONFLICT ${arbiterOf(target)} DO NOTHING RETURNING ${names}) ` +
      `SELECT (SELECT count(DISTINCT (${names})) FROM fresh) AS fresh, (SELECT count(*) FROM put) AS put, ` +
      // EXCEPT, and not NOT EXISTS: the planner expects a row or two, and would compare each row with each.
      `EXISTS (SELECT ${names} FROM put EXCEPT SELECT ${names} FROM fresh) AS strange`,
  );
  await transaction.execute(`DROP TABLE ${stage}`);
  const fresh = Number(counts?.['fresh']);
  if (counts?.['strange'] === 't') throw await unrecognizable(transaction, target, [], identity);
  if (Number(counts?.['put']) < fresh) await expectThere(transaction, target, rows);
  return fresh;
}

/** @throws Swallowed */
async function expectThere(transaction: Transaction, target: Target, rows: readonly Resolved[]) {
  const missing = await findUnlike(transaction, target, present(target, rows.map(identityValues)));
  if (missing.length > 0) throw await swallowed(transaction, target, missing.map(({ index }) => rows[index])); // prettier-ignore
}

function* pieces(rows: readonly Resolved[], copy: CarriedCopy | undefined): Generator<Buffer> {
  yield* encode(rows);
  yield* copy?.pieces ?? [];
}

/** Rows as the text of COPY, a piece at a time. */
function* encode(rows: readonly Resolved[]): Generator<Buffer> {
  if (rows.length === 0) return;
  const text = new CopyText();
  for (const { row, parents } of rows) {
    for (const parent of parents) text.value(parent);
    text.value(row.redisKey ?? row.id);
    for (const value of row.values) text.value(value);
    text.endRow();
    if (text.length >= pieceBytes) yield text.take();
  }
  if (text.length > 0) yield text.take();
}
