import type { Transaction } from '../postgres';
import type { CarriedCopy } from './carried-copy';
import { CopyText } from './copy-text';
import { quoteName, type Target } from './target';
import { arbiterOf } from './write-keyed';
import type { Resolved } from './write-mapped';

/** COPY is handed over in pieces of about this size. */
const pieceBytes = 256 * 1024;

/** The columns of an append-only kind in COPY's order: parents, then what tells the record from others, then the rest. */
function copyColumns({ kind }: Target): string[] {
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  return [...kind.parents.map(({ column }) => column), mark, ...kind.columns.map(({ column }) => column)];
}

/**
 * Writes predictions or metrics straight into their table: for records that nobody can have written yet. A unique violation says
 * otherwise. @param copy more predictions, ready as they are
 */
export async function writeNew(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  copy?: CarriedCopy,
): Promise<number> {
  const columns = copyColumns(target).map(quoteName).join(', ');
  return copyRows(transaction, `COPY ${target.table} (${columns}) FROM STDIN`, rows, copy);
}

/** The same through a temporary table, leaving out those that are there: idempotent. @returns how many were new */
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
  await copyRows(transaction, `COPY ${stage} (${columns}) FROM STDIN`, rows);
  const identity = arbiterOf(target);
  const same = identity.slice(1, identity.indexOf(')')).split(', ');
  const added = await transaction.execute(
    `INSERT INTO ${target.table} (${columns}) SELECT ${columns} FROM ${stage} s WHERE NOT EXISTS ` +
      // Looked up first: ON CONFLICT alone would take a number from the sequence for each row that is there.
      `(SELECT FROM ${target.table} t WHERE ${same.map((name) => `t.${name} = s.${name}`).join(' AND ')}) ` +
      // In the order they were given in, whatever plan is chosen: their ids rise with it.
      `ORDER BY s.ctid ON CONFLICT ${identity} DO NOTHING`,
  );
  await transaction.execute(`DROP TABLE ${stage}`);
  return added;
}

async function copyRows(
  transaction: Transaction,
  command: string,
  rows: readonly Resolved[],
  copy?: CarriedCopy,
): Promise<number> {
  const sent = rows.length + (copy?.ids.length ?? 0);
  const taken = await transaction.copy(command, pieces(rows, copy));
  // COPY ends silently at a line that reads \. : what was sent must have arrived (TRAPS: Postgres 3).
  if (taken !== sent) throw new Error(`COPY took ${taken} of ${sent} rows`);
  return taken;
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
