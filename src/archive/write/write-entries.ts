import type { Transaction } from '../../connections/postgres/postgres';
import { identityColumns, identityValues, ownColumns, ownValues, type Resolved } from '../identity/resolved';
import { parameter } from '../record/decode';
import { placeholders, quoteName, type Target } from '../record/target';
import { ownWhole } from './expectation';
import { findUnlike } from './find-unlike';
import { leastStaged, stageNew } from './stage-own';
import { swallowed } from './swallowed';
import { identityIn, type Written } from './upsert';

/**
 * Writes entries of streams of the user's own: once, for they never change. A row that is there stays as it is, be it that this entry was read
 * before, or that the stream was begun anew with the same ids. @returns also how many of these rows are otherwise. @throws Swallowed
 */
export async function writeEntries(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
): Promise<Written> {
  const { kind } = target;
  // A parked one may be tried again together with the same one, read anew.
  const once = new Map(rows.map((one) => [identityIn(kind, identityValues(one)), one]));
  const entries = [...once.values()];
  const put = await insertNew(transaction, target, entries);
  if (put === entries.length) return { added: put, updated: 0 };
  const unlike = await findUnlike(transaction, target, ownWhole(target, entries));
  const lost = unlike.flatMap(({ index, pgId }) => (pgId === null ? [entries[index]] : []));
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  return { added: put, updated: 0, stayed: unlike.length };
}

async function insertNew(
  transaction: Transaction,
  target: Target,
  entries: readonly Resolved[],
): Promise<number> {
  const identity = identityColumns(target.kind);
  const columns = [...identity, ...ownColumns(target.kind)];
  const all = columns.map(quoteName).join(', ');
  const arbiter = `(${identity.map(quoteName).join(', ')})`;
  const rows = entries.map(ownValues);
  if (rows.length >= leastStaged) return stageNew(transaction, target, { all, arbiter, rows });
  if (rows.length === 0) return 0;
  return transaction.execute(
    `INSERT INTO ${target.table} (${all}) OVERRIDING SYSTEM VALUE VALUES ${placeholders(rows.length, columns.length)} ` +
      `ON CONFLICT ${arbiter} DO NOTHING`,
    rows.flat().map(parameter),
  );
}
