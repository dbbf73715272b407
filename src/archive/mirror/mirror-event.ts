import { type Catalogue, type Kind, type OwnKind, ownKindsOf, registryOf } from '../../mapping/kinds';
import { latin1 } from '../../mapping/own-key';
import type { Happening } from '../record/nomination';
import { shapeOf } from '../record/shape';

/** What an event means for its key. */
export type Effect = Happening | 'nothing';

/**
 * What each event means. An event that is not listed counts as a change: a nomination too many only costs a look-up. Lifetimes are
 * not contents, and a key that expired, was evicted, renamed or moved was not deleted by the application. `new` is followed by
 * another event, which says what happened.
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

/** What events of a hash mean if each of its fields is a record. */
const ofParts: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ['hdel', 'deleted'],
  ['hexpire', 'lapsed'],
  ['hexpired', 'lapsed'],
]);

/**
 * What events mean for keys of the user's own that hold several records: which of them a key has lost, a look tells. What is replaced as a
 * whole may have lost any.
 */
const ofItems: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ...(
    [
      ...['hdel', 'srem', 'spop', 'lrem', 'lpop', 'rpop', 'ltrim'],
      ...['zrem', 'zremrangebyscore', 'zremrangebyrank', 'zremrangebylex', 'zpopmin', 'zpopmax'],
      ...['sinterstore', 'sunionstore', 'sdiffstore', 'zinterstore', 'zunionstore', 'zdiffstore'],
      ...['zrangestore', 'georadiusstore', 'geosearchstore', 'sortstore', 'restore', 'rename_to', 'copy_to'],
    ] as const
  ).map((event) => [event, 'deleted'] as const),
  ['hexpired', 'lapsed'],
]);

/** What events mean, by the kinds there are. */
export class Effects {
  readonly #items: KeysOf;
  readonly #again: KeysOf;
  readonly #ofParts: readonly string[];
  readonly #dated: readonly string[];
  readonly #several: readonly string[];

  constructor(catalogue: Catalogue) {
    const prefixesWhere = (is: (kind: Kind) => boolean) =>
      [...registryOf(catalogue).values()].filter(is).map(({ prefix }) => prefix);
    this.#ofParts = prefixesWhere(({ shape }) => shape === 'fields');
    this.#dated = prefixesWhere(({ identity }) => identity === 'dated');
    this.#several = prefixesWhere((kind) => shapeOf(kind).several);
    const own = ownKindsOf(catalogue);
    this.#items = new KeysOf(own.filter(({ shape }) => shape === 'items'));
    this.#again = new KeysOf(own.filter((kind) => kind.own.born !== undefined));
  }

  /** @param key latin1 */
  of(key: string, event: string): Effect {
    const part = this.hasItems(key)
      ? ofItems.get(event)
      : isOneOf(this.#ofParts, key)
        ? ofParts.get(event)
        : undefined;
    const effect = part ?? effects.get(event) ?? 'changed';
    // That a dated record (a prediction) has expired matters to nobody: no record refers to it, and its id never comes back.
    return effect === 'lapsed' && isOneOf(this.#dated, key) ? 'nothing' : effect;
  }

  /** Whether a key is of a mapping of the user's own whose keys hold several records. */
  hasItems(key: string): boolean {
    return this.#items.has(key);
  }

  /** What two happenings to one key come to, one after the other. In doubt nothing counts as deleted. */
  together(key: string, before: Happening | undefined, after: Happening): Happening {
    if (before === 'lapsed') return before;
    // A deleted key takes several records with it, or one that another has taken the place of, even if it is written anew at once: what
    // it holds now is looked up anyway.
    if (before !== 'deleted' || after !== 'changed') return after;
    return isOneOf(this.#several, key) || this.hasItems(key) || this.#again.has(key) ? before : after;
  }
}

/** The keys of some kinds, by what they begin with, or the one key that a kind has. */
class KeysOf {
  readonly #prefixes: readonly string[];
  readonly #single: ReadonlySet<string>;

  constructor(kinds: readonly OwnKind[]) {
    const prefixesOf = (some: readonly OwnKind[]) => some.map(({ prefix }) => latin1(prefix));
    this.#prefixes = prefixesOf(kinds.filter(({ own }) => own.parts.length > 0));
    this.#single = new Set(prefixesOf(kinds.filter(({ own }) => own.parts.length === 0)));
  }

  has(key: string): boolean {
    return isOneOf(this.#prefixes, key) || (this.#single.size > 0 && this.#single.has(key));
  }
}

/** A plain loop, for it runs for every event. */
function isOneOf(prefixes: readonly string[], key: string): boolean {
  for (const prefix of prefixes) if (key.startsWith(prefix)) return true;
  return false;
}
