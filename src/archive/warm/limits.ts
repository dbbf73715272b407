import { fatal } from '../../foundation/errors';
import type { KindName } from '../../mapping/kinds';
import type { RetentionPolicy } from '../../mapping/retention-policy';

/** How much is restored of what there is very much of. */
export interface WarmLimits {
  /** Of each version, the newest. */
  readonly predictions: number | 'all';
  /** Nothing older: it would be removed again at once. */
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

/** What retention would remove again at once is not put back. */
export const keptSince = (policy: RetentionPolicy = {}, now = Date.now()): NonNullable<WarmLimits['since']> =>
  Object.fromEntries(Object.entries(policy).map(([kind, days]) => [kind, new Date(now - days * 86_400_000)]));
