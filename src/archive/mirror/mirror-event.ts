import { type Catalogue, type Kind, namesWhere } from '../../mapping/kinds';
import type { Happening } from '../record/nomination';
import { shapeOf } from '../record/shape';

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

/** Of a hash of which each field is a record. */
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
      namesWhere(catalogue, is).map((name) => `${name}:`);
    this.#ofParts = prefixesWhere(({ shape }) => shape === 'fields');
    this.#dated = prefixesWhere(({ identity }) => identity === 'dated');
    this.#several = prefixesWhere((kind) => shapeOf(kind).several);
  }

  /** @param key what follows `aidb:` */
  of(key: string, event: string): Effect {
    const part = isOneOf(this.#ofParts, key) ? ofParts.get(event) : undefined;
    const effect = part ?? effects.get(event) ?? 'changed';
    // Nobody refers to a dated record (a prediction), and its id never comes back: that one has expired matters to nobody.
    return effect === 'lapsed' && isOneOf(this.#dated, key) ? 'nothing' : effect;
  }

  /** What two happenings come to. In doubt, nobody has deleted anything. */
  together(key: string, before: Happening | undefined, after: Happening): Happening {
    if (before === 'lapsed') return before;
    // Several records go with their key, even if it is written anew at once: what is there then is looked up anyway.
    return before === 'deleted' && after === 'changed' && isOneOf(this.#several, key) ? before : after;
  }
}

/** A loop: it is asked for every event. */
function isOneOf(prefixes: readonly string[], key: string): boolean {
  for (const prefix of prefixes) if (key.startsWith(prefix)) return true;
  return false;
}
