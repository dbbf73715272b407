import { type Catalogue, type Kind, registryOf } from '../../mapping/kinds';
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

/** What events mean, by the kinds there are. */
export class Effects {
  readonly #ofParts: readonly string[];
  readonly #dated: readonly string[];
  readonly #several: readonly string[];

  constructor(catalogue: Catalogue) {
    const prefixesWhere = (is: (kind: Kind) => boolean) =>
      [...registryOf(catalogue).values()].filter(is).map(({ prefix }) => prefix);
    this.#ofParts = prefixesWhere(({ shape }) => shape === 'fields');
    this.#dated = prefixesWhere(({ identity }) => identity === 'dated');
    this.#several = prefixesWhere((kind) => shapeOf(kind).several);
  }

  /** @param key latin1 */
  of(key: string, event: string): Effect {
    const part = isOneOf(this.#ofParts, key) ? ofParts.get(event) : undefined;
    const effect = part ?? effects.get(event) ?? 'changed';
    // That a dated record (a prediction) has expired matters to nobody: no record refers to it, and its id never comes back.
    return effect === 'lapsed' && isOneOf(this.#dated, key) ? 'nothing' : effect;
  }

  /** What two happenings to one key come to, one after the other. In doubt nothing counts as deleted. */
  together(key: string, before: Happening | undefined, after: Happening): Happening {
    if (before === 'lapsed') return before;
    // A deleted key takes several records with it, even if it is written anew at once: what it holds now is looked up anyway.
    return before === 'deleted' && after === 'changed' && isOneOf(this.#several, key) ? before : after;
  }
}

/** A plain loop, for it runs for every event. */
function isOneOf(prefixes: readonly string[], key: string): boolean {
  for (const prefix of prefixes) if (key.startsWith(prefix)) return true;
  return false;
}
