import { ageColumnOf, isOwn, type Kind, type KindName } from '../../mapping/kinds';
import type { RetentionPolicy } from '../../mapping/retention-policy';
import { quoteName } from '../record/target';

/** Limits to what is restored of kinds with very many records. */
export interface WarmLimits {
  /** Of dated records, how many of each parent, the newest first. */
  readonly newest: number | 'all';
  /** Older records are left out: retention would remove them again at once. */
  readonly since?: Readonly<Record<KindName, Date>>;
}

/** The times before which records are not restored, because retention would remove them again at once. */
export const keptSince = (policy: RetentionPolicy = {}, now = Date.now()): NonNullable<WarmLimits['since']> =>
  Object.fromEntries(Object.entries(policy).map(([kind, days]) => [kind, new Date(now - days * 86_400_000)]));

/** SQL: a condition for rows that retention would not remove again at once. */
export function sinceCondition(kind: Kind, { since }: WarmLimits): string {
  const oldest = since?.[kind.name];
  const column = quoteName(ageColumnOf(kind)?.column ?? '');
  if (oldest === undefined) return 'true';
  const time = `'${oldest.toISOString()}'`;
  // Only records of the user's own may have no time: those stay in Redis.
  return isOwn(kind) ? `(${column} < ${time}) IS NOT TRUE` : `${column} >= ${time}`;
}
