import { fatal } from '../../foundation/errors';
import { ageColumnOf, type Kind, type KindName } from '../../mapping/kinds';
import type { RetentionPolicy } from '../../mapping/retention-policy';
import { quoteName } from '../record/target';

/** Limits to what is restored of kinds with very many records. */
export interface WarmLimits {
  /** How many predictions of each version, the newest first. */
  readonly predictions: number | 'all';
  /** Older records are left out: retention would remove them again at once. */
  readonly since?: Readonly<Record<KindName, Date>>;
}

export const defaultPredictions = '1000';

/** Parses --predictions. @throws E_CONFIG */
export function parsePredictions(text: string): number | 'all' {
  if (text.toLowerCase() === 'all') return 'all';
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw fatal(`--predictions="${text}" must be a whole number (0: none), or all`, {
    code: 'E_CONFIG',
    hint: `It says how many predictions of each version are put back, the newest first (default ${defaultPredictions}).`,
  });
}

/** The times before which records are not restored, because retention would remove them again at once. */
export const keptSince = (policy: RetentionPolicy = {}, now = Date.now()): NonNullable<WarmLimits['since']> =>
  Object.fromEntries(Object.entries(policy).map(([kind, days]) => [kind, new Date(now - days * 86_400_000)]));

/** SQL: a condition for rows that retention would not remove again at once. */
export function sinceCondition(kind: Kind, { since }: WarmLimits): string {
  const oldest = since?.[kind.name];
  const column = ageColumnOf(kind)?.column ?? '';
  return oldest === undefined ? 'true' : `${quoteName(column)} >= '${oldest.toISOString()}'`;
}
