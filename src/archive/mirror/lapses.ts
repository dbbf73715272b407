import type { Effect, Effects } from './mirror-event';

/** Keys remembered, twice as many at the most: some 10 MB. */
const kept = 50_000;

/**
 * Which keys hold fields with lifetimes of their own (HEXPIRE). When the last of them expires Redis says `del`, as if the application
 * had deleted the key: often after `hexpired`, but newer servers leave that out where a reader finds it expired. So the end of such a
 * key is never taken for a deletion.
 */
export class Lapses {
  readonly #effects: Effects;
  #recent = new Set<string>();
  #older = new Set<string>();

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** @param key what follows `aidb:` */
  effectOf(key: string, event: string): Effect {
    const effect = this.#effects.of(key, event);
    if (effect === 'changed') return effect; // nearly all
    if (event === 'hexpire' || event === 'hexpired') this.#remember(key);
    else if (effect !== 'nothing' && event !== 'hdel') {
      const volatile = this.#forget(key);
      // Asked again, as of a key that expired: of some kinds that means nothing.
      if (volatile && effect === 'deleted') return this.#effects.of(key, 'expired');
    }
    return effect;
  }

  #remember(key: string): void {
    this.#recent.add(key);
    if (this.#recent.size < kept) return;
    this.#older = this.#recent;
    this.#recent = new Set();
  }

  #forget(key: string): boolean {
    const recent = this.#recent.delete(key);
    return this.#older.delete(key) || recent;
  }
}
