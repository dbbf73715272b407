import { MillraceError } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres';
import type { Target } from '../record/target';

const causesSql = readAsset('src/archive/write/sql/write-causes.sql');

/**
 * Postgres reported no error, and there is no such row, or still the old one: a trigger that returns NULL, a rule, a policy. A
 * data error: what was done on the way is taken back, so that a copy which a trigger puts elsewhere does not become one more
 * with each try.
 */
export class Swallowed extends MillraceError {
  /** The rows; none: it is not known which. */
  readonly culprits: ReadonlySet<unknown>;

  constructor(message: string, culprits: readonly unknown[] = [], code = 'E_SWALLOWED') {
    super('record', message, { code });
    this.culprits = new Set(culprits);
  }
}

/** With what may be the reason, from the catalogue. @param lost what Postgres did instead of what it should have */
export async function swallowed(
  transaction: Transaction,
  { table }: Pick<Target, 'table'>,
  culprits: readonly unknown[],
  lost = 'took it and kept nothing of it',
): Promise<Swallowed> {
  return new Swallowed(`Postgres ${lost}: ${await causesOf(transaction, table)}`, culprits);
}

/** A trigger gave the row another identity: the record would be written again and again. */
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
