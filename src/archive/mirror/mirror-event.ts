import { isKind, kindNames, type KindName } from '../../mapping/kinds';

/**
 * A record as a notification names it. Ids are latin1 text, one character a byte: every key survives, valid UTF-8 or not,
 * and equal keys are equal strings.
 */
export interface Nomination {
  readonly kind: KindName;
  /** What follows `aidb:<kind>:` in the key. */
  readonly id: string;
  readonly what: Happening;
}

/**
 * What happened to a record. `deleted`: the application took it away, or a part of it. `lapsed`: it is gone, or a part of it, or may go,
 * without anybody having deleted it.
 */
export type Happening = 'changed' | 'deleted' | 'lapsed';

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

/** A longer key is nobody's record: neither the mirror nor a pass looks at it, for they hold thousands of keys at a time. */
export const mostKeyBytes = 16 * 1024;

const prefix = 'aidb:';
const initials = [...new Set(kindNames.map((name) => name.charAt(0)))].join('');

/**
 * The pattern to subscribe to. Each record comes with a counter and an index entry; no kind begins like `counter` or `idx`,
 * so that one class of initials keeps two of three events inside Redis, for less than a pattern a kind would cost there.
 */
export const keyspacePattern = (db: number): string => `__keyspace@${db}__:${prefix}[${initials}]*`;

/** Where the key starts in a channel of that pattern, without `aidb:`. */
export const keyOffset = (db: number): number => `__keyspace@${db}__:${prefix}`.length;

/** The record of a key (what follows `aidb:`, latin1); undefined for keys that are no record. */
export function recordOf(key: string): { readonly kind: KindName; readonly id: string } | undefined {
  const colon = key.indexOf(':');
  if (colon < 0) return undefined;
  const kind = key.slice(0, colon);
  if (!isKind(kind)) return undefined;
  const id = key.slice(colon + 1);
  if (kind === 'model' && id === 'name_to_id') return undefined;
  if (kind === 'exprun' && id.endsWith(':runs')) return undefined;
  return { kind, id };
}
