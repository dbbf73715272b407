import type { Effect, Effects } from './mirror-event';

/** How many keys are remembered (twice as many at the most): some 10 MB. */
const kept = 50_000;

/**
 * Remembers which keys hold fields with lifetimes of their own (HEXPIRE). When the last field of a key expires Redis says `del`, as
 * if the application had deleted the key. Often `hexpired` comes before it, but newer servers leave that out if a read finds the field
 * expired. So a `del` of such a key is never taken for a deletion.
 */
export class Lapses {
  readonly #effects: Effects;
  #recent = new Set<string>();
  #older = new Set<string>();

  constructor(effects: Effects) {
    this.#effects = effects;
  }

  /** @param key latin1 */
  effectOf(key: string, event: string): Effect {
    const effect = this.#effects.of(key, event);
    if (effect === 'changed') return effect; // nearly all
    if (event === 'hexpire' || event === 'hexpired') this.#remember(key);
    else if (event === 'hdel' && this.#effects.hasItems(key)) {
      // Which of the fields that are gone was deleted, and which has expired without a word, nobody can tell.
      if (this.#recent.has(key) || this.#older.has(key)) return 'lapsed';
    } else if (effect !== 'nothing' && event !== 'hdel') {
      const volatile = this.#forget(key);
      // The key counts as expired, which for some kinds means nothing.
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
