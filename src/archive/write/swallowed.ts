import { MillraceError } from '../../foundation/errors';
import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import type { Target } from '../record/target';

const causesSql = readSql('src/archive/write/sql/write-causes.sql');

/**
 * Thrown when Postgres reported no error, but the row is not there, or still as it was: because of a trigger that returns NULL, a rule,
 * a policy. Counts as a data error, so that everything is rolled back: a trigger that puts a copy elsewhere would otherwise make
 * one more with each try.
 */
export class Swallowed extends MillraceError {
  /** The sources of the swallowed rows; empty: it is not known which they are. */
  readonly culprits: ReadonlySet<unknown>;

  constructor(message: string, culprits: readonly unknown[] = [], code = 'E_SWALLOWED') {
    super('record', message, { code });
    this.culprits = new Set(culprits);
  }
}

/** The error, with possible reasons from Postgres' catalogue. @param lost what Postgres did instead of what it should have */
export async function swallowed(
  transaction: Transaction,
  { table }: Pick<Target, 'table'>,
  culprits: readonly unknown[],
  lost = 'took it and kept nothing of it',
): Promise<Swallowed> {
  return new Swallowed(`Postgres ${lost}: ${await causesOf(transaction, table)}`, culprits);
}

/** The error for rows to which a trigger gave another identity: their records would be written again and again. */
export async function unrecognizable(
  transaction: Transaction,
  { table }: Target,
  culprits: readonly unknown[],
  columns: readonly string[],
): Promise<Swallowed> {
  const what = `Postgres changes ${columns.join(' or ')} on write, by which its row would be found again`;
  return new Swallowed(`${what}: ${await causesOf(transaction, table)}`, culprits, 'E_ALTERED');
}

async function causesOf(transaction: Transaction, table: string): Promise<string> {
  const [row] = await transaction.query(causesSql, [table]);
  return row?.['causes'] ?? `the catalogue does not say why (${table})`;
}
