import type { Sight } from '../history/key-history';

/** What a reader saw, one after the other; what it saw again and again is kept once. */
export class Sights {
  readonly #of = new Map<string, Sight[]>();

  add(values: readonly (readonly [key: string, value: string | null])[], at: number): void {
    for (const [key, value] of values) {
      const seen = this.#of.get(key) ?? [];
      this.#of.set(key, seen);
      if (seen.at(-1)?.value !== value || seen.length === 0) seen.push({ value, at });
    }
  }

  of(key: string): readonly Sight[] {
    return this.#of.get(key) ?? [];
  }

  keys(): readonly string[] {
    return [...this.#of.keys()];
  }

  get count(): number {
    return [...this.#of.values()].reduce((sum, seen) => sum + seen.length, 0);
  }
}
