import type { Transaction } from '../postgres';
import type { Alterations } from './alterations';
import { put } from './put';
import type { Resolved } from './resolved';
import { quoteName, type Target } from './target';
import type { Written } from './upsert';

/** The unique index that tells our rows apart: partial, so that other programs' rows are never refused. */
export function arbiterOf({ kind }: Target): string {
  const columns =
    kind.identity === 'dated'
      ? ['redis_id', kind.created ?? '']
      : [...kind.parents.map(({ column }) => column), 'redis_key'];
  const mark = kind.identity === 'dated' ? 'redis_id' : 'redis_key';
  return `(${columns.map(quoteName).join(', ')}) WHERE ${mark} IS NOT NULL`;
}

/** Writes hyperparameters and runs of experiments: told apart by their parents and a key, and mutable. */
export function writeKeyed(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  alterations: Alterations,
): Promise<Written> {
  const latest = new Map(rows.map((one) => [`${one.parents.join(' ')} ${one.row.redisKey ?? ''}`, one]));
  const ordered = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)); // in one order, so that upserts cannot deadlock
  return put(transaction, {
    target,
    alterations,
    sources: ordered.map(([, one]) => one),
    identity: [...target.kind.parents.map(({ column }) => column), 'redis_key'],
    columns: target.kind.columns.map(({ column }) => column),
    arbiter: arbiterOf(target),
    rows: ordered.map(([, { row, parents }]) => [...parents, row.redisKey, ...row.values]),
  });
}
