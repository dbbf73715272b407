import type { Catalogue, Kind } from '../../mapping/kinds';
import type { Happening } from '../record/nomination';
import { prefixTree, withPrefixOf } from '../record/prefix-tree';
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
  readonly #kindsOf: (key: string) => ReturnType<typeof withPrefixOf>;

  constructor(catalogue: Catalogue) {
    const tree = prefixTree(catalogue);
    this.#kindsOf = (key) => withPrefixOf(tree, key);
  }

  /** @param key latin1 */
  of(key: string, event: string): Effect {
    const effect = effects.get(event) ?? 'changed';
    const [item, part] = [ofItems.get(event), ofParts.get(event)];
    // Most events mean the same for every key.
    if (item === undefined && part === undefined && effect !== 'lapsed') return effect;
    if (this.hasItems(key)) return item ?? effect;
    if (part !== undefined && this.#isOf(key, ({ shape }) => shape === 'fields')) return part;
    // That a dated record (a prediction) has expired matters to nobody: no record refers to it, and its id never comes back.
    return effect === 'lapsed' && this.#isOf(key, ({ identity }) => identity === 'dated')
      ? 'nothing'
      : effect;
  }

  /** Whether a key is of a mapping of the user's own whose keys hold several records. */
  hasItems(key: string): boolean {
    return this.#isOf(key, ({ shape }) => shape === 'items');
  }

  /** What two happenings to one key come to, one after the other. In doubt nothing counts as deleted. */
  together(key: string, before: Happening | undefined, after: Happening): Happening {
    if (before === 'lapsed') return before;
    // A deleted key takes several records with it, or one that another has taken the place of, even if it is written anew at once: what
    // it holds now is looked up anyway.
    if (before !== 'deleted' || after !== 'changed') return after;
    return this.#isOf(key, takesMore) ? before : after;
  }

  #isOf(key: string, is: (kind: Kind) => boolean): boolean {
    for (const { kind, prefix } of this.#kindsOf(key))
      if (is(kind) && (kind.own?.parts.length !== 0 || key === prefix)) return true;
    return false;
  }
}

/** Whether a deleted key takes more with it than the record that is there when it is looked up. Entries of streams stay. */
const takesMore = (kind: Kind): boolean =>
  kind.own?.born !== undefined || (kind.shape !== 'entries' && shapeOf(kind).several);
