import type { Transaction } from '../../connections/postgres/postgres';
import type { Alterations } from './alterations';
import { compareNumbers } from '../record/id-order';
import { put } from './put';
import { identityColumns, type Resolved } from '../identity/resolved';
import { quoteName, type Target } from '../record/target';
import type { Written } from './upsert';

/** SQL: the unique index that tells our rows apart. It is partial, so that rows of other programs are never refused. */
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
  // Always in the same order, so that upserts cannot deadlock; by parents, so that ids rise with the parents' ids.
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

/** Compares the ids of parents, one after another. */
function comparePaths(a: Resolved['parents'], b: Resolved['parents']): number {
  for (const [index, one] of a.entries()) {
    const difference = compareNumbers(one ?? '', b[index] ?? '');
    if (difference !== 0) return difference;
  }
  return 0;
}
