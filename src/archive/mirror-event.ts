import { isKind, kindNames, type KindName } from './kinds';

/**
 * A record as a notification names it. Ids are latin1 text, one character a byte: every key survives, valid UTF-8 or not,
 * and equal keys are equal strings.
 */
export interface Nomination {
  readonly kind: KindName;
  /** What follows `aidb:<kind>:` in the key. */
  readonly id: string;
  /** The application deleted it. */
  readonly deleted: boolean;
}

/** What an event means for its key. */
export type Effect = 'changed' | 'deleted' | 'nothing';

/**
 * Whatever is not listed counts as a change: a nomination too many only costs a look. Lifetimes are not contents, and what
 * `expired` or was `evicted` was not deleted by the application. `new` is followed by the event that says what happened.
 */
const effects: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['del', 'deleted'], // DEL, UNLINK, and the last field or member gone
  ['rename_from', 'deleted'],
  ['move_from', 'deleted'],
  ['expire', 'nothing'],
  ['expired', 'nothing'],
  ['evicted', 'nothing'],
  ['persist', 'nothing'],
  ['hexpire', 'nothing'],
  ['hexpired', 'nothing'],
  ['hpersist', 'nothing'],
  ['keymiss', 'nothing'],
  ['new', 'nothing'],
]);

export const effectOf = (event: string): Effect => effects.get(event) ?? 'changed';

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
