import { kindNames } from '../../mapping/kinds';
import type { Happening } from '../record/nomination';

/** What an event means for its key. */
export type Effect = Happening | 'nothing';

/**
 * Whatever is not listed counts as a change: a nomination too many only costs a look. Lifetimes are not contents, and what expired, was
 * evicted, renamed or moved was not deleted. `new` is followed by the event that says what happened.
 */
const effects: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['del', 'deleted'], // DEL, UNLINK, the last field or member gone, and EXPIRE with a time in the past
  ['rename_from', 'lapsed'],
  ['move_from', 'lapsed'],
  ['expired', 'lapsed'],
  ['evicted', 'lapsed'],
  ['expire', 'nothing'],
  ['persist', 'nothing'],
  ['hexpire', 'nothing'],
  ['hexpired', 'nothing'],
  ['hpersist', 'nothing'],
  ['keymiss', 'nothing'],
  ['new', 'nothing'],
]);

/** A hash of hyperparameters is as many records as it has fields. */
const ofParts: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['hdel', 'deleted'],
  ['hexpire', 'lapsed'],
  ['hexpired', 'lapsed'],
]);

/** @param key what follows `aidb:` */
export function effectOf(key: string, event: string): Effect {
  const part = key.startsWith('hyperparam:') ? ofParts.get(event) : undefined;
  const effect = part ?? effects.get(event) ?? 'changed';
  // Nobody refers to a prediction, and its id never comes back: that one has expired matters to nobody.
  return effect === 'lapsed' && key.startsWith('prediction:') ? 'nothing' : effect;
}

const prefix = 'aidb:';
const initials = [...new Set(kindNames.map((name) => name.charAt(0)))].join('');

/**
 * The pattern to subscribe to. Each record comes with a counter and an index entry; no kind begins like `counter` or `idx`,
 * so that one class of initials keeps two of three events inside Redis, for less than a pattern a kind would cost there.
 */
export const keyspacePattern = (db: number): string => `__keyspace@${db}__:${prefix}[${initials}]*`;

/** Where the key starts in a channel of that pattern, without `aidb:`. */
export const keyOffset = (db: number): number => `__keyspace@${db}__:${prefix}`.length;
