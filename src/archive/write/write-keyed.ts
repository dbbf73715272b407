import type { Transaction } from '../../connections/postgres';
import type { Alterations } from './alterations';
import { compareNumbers } from '../record/id-order';
import { put } from './put';
import { identityColumns, type Resolved } from '../identity/resolved';
import { quoteName, type Target } from '../record/target';
import type { Written } from './upsert';

/** The unique index that tells our rows apart: partial, so that other programs' rows are never refused. */
export function arbiterOf({ kind }: Target): string {
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  return `(${identityColumns(kind).map(quoteName).join(', ')}) WHERE ${mark} IS NOT NULL`;
}

/** Writes hyperparameters and runs of experiments: told apart by their parents and a key, and mutable. */
export function writeKeyed(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  alterations: Alterations,
): Promise<Written> {
  const latest = new Map(rows.map((one) => [`${one.parents.join(' ')} ${one.row.redisKey ?? ''}`, one]));
  // In one order, so that upserts cannot deadlock, and by their parents, so that ids rise with theirs.
  const ordered = [...latest.values()].sort(
    (a, b) =>
      comparePaths(a.parents, b.parents) || ((a.row.redisKey ?? '') < (b.row.redisKey ?? '') ? -1 : 1),
  );
  return put(transaction, {
    target,
    alterations,
    sources: ordered,
    identity: identityColumns(target.kind),
    columns: target.kind.columns.map(({ column }) => column),
    arbiter: arbiterOf(target),
    strictness: 'stored',
    rows: ordered.map(({ row, parents }) => [...parents, row.redisKey, ...row.values]),
  });
}

/** Ids of parents, one after another. */
function comparePaths(a: Resolved['parents'], b: Resolved['parents']): number {
  for (const [index, one] of a.entries()) {
    const difference = compareNumbers(one ?? '', b[index] ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}
