import type { Transaction } from '../../../connections/postgres/postgres';
import type { Resolved } from '../../identity/resolved';
import type { Target } from '../../record/target';
import { ownPresent, ownWhole } from '../expectation';
import { findUnlike } from '../find-unlike';
import { swallowed } from '../swallowed';
import type { Written } from '../upsert';
import { insertNew } from './insert-new';

/**
 * Writes records of the user's own that never change. A row that is there stays as it is, be it that its record was written before, or that
 * a stream was begun anew with the same ids. @param copies as of `insertNew` @returns of entries also how many of these rows are otherwise
 * @throws Swallowed
 */
export async function writeOnce(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  copies: boolean,
): Promise<Written> {
  const { added, there } = await insertNew(transaction, target, rows, copies);
  const isEntry = target.kind.shape === 'entries';
  const unlike = await findUnlike(transaction, target, (isEntry ? ownWhole : ownPresent)(target, there));
  const lost = unlike.flatMap(({ index, pgId }) => (pgId === null ? (there[index] ?? []) : []));
  if (lost.length > 0) throw await swallowed(transaction, target, lost);
  return { added, updated: 0, ...(isEntry ? { stayed: unlike.length } : {}) };
}
