import type { Transaction } from '../postgres';
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
 * Writes predictions and metrics. `direct`: straight into the table, for records that nobody can have written yet; a unique
 * violation says otherwise. Else through a temporary table, leaving out those that are there: idempotent.
 * @returns how many were new.
 */
export async function writeAppended(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  direct: boolean,
): Promise<number> {
  const columns = copyColumns(target).map(quoteName).join(', ');
  if (direct) return copyRows(transaction, `COPY ${target.table} (${columns}) FROM STDIN`, rows);
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
      `ON CONFLICT ${identity} DO NOTHING`,
  );
  await transaction.execute(`DROP TABLE ${stage}`);
  return added;
}

async function copyRows(
  transaction: Transaction,
  command: string,
  rows: readonly Resolved[],
): Promise<number> {
  const taken = await transaction.copy(command, encode(rows));
  // COPY ends silently at a line that reads \. : what was sent must have arrived (TRAPS: Postgres 3).
  if (taken !== rows.length) throw new Error(`COPY took ${taken} of ${rows.length} rows`);
  return taken;
}

/** Rows as the text of COPY, a piece at a time. */
function* encode(rows: readonly Resolved[]): Generator<Buffer> {
  const text = new CopyText(pieceBytes + (pieceBytes >> 2));
  for (const { row, parents } of rows) {
    for (const parent of parents) text.value(parent);
    text.value(row.redisKey ?? row.id);
    if (row.copyText === undefined) for (const value of row.values) text.value(value);
    else text.encoded(row.copyText);
    text.endRow();
    if (text.length >= pieceBytes) yield text.take();
  }
  if (text.length > 0) yield text.take();
}
