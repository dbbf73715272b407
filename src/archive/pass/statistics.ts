import { kinds, type KindName, type Statistic, statistics } from '../../mapping/kinds';
import type { BatchOutcome } from '../write/attempt';

/** What the documents print and `fullSync` returns: records written since the pass began, and those that are parked. */
export type Statistics = Readonly<Record<Statistic | 'errors', number>>;

export class Tally {
  readonly #counts = new Map<KindName, { added: number; updated: number }>();
  deleted = 0;

  add(applied: BatchOutcome): void {
    for (const count of applied.deleted.values()) this.deleted += count;
    for (const [name, { added, updated }] of applied.counts) {
      const sum = this.#counts.get(name) ?? { added: 0, updated: 0 };
      this.#counts.set(name, { added: sum.added + added, updated: sum.updated + updated });
    }
  }

  /** Over all kinds. */
  get sum(): { readonly added: number; readonly updated: number; readonly deleted: number } {
    const all = [...this.#counts.values()];
    const added = all.reduce((total, count) => total + count.added, 0);
    const updated = all.reduce((total, count) => total + count.updated, 0);
    return { added, updated, deleted: this.deleted };
  }

  statistics(errors: number): Statistics {
    const sums = Object.fromEntries(statistics.map((name) => [name, 0])) as Record<Statistic, number>;
    for (const [name, { added, updated }] of this.#counts) {
      const { statistic } = kinds[name];
      if (statistic !== undefined) sums[statistic] += added + updated;
    }
    return { ...sums, errors };
  }

  get counts(): ReadonlyMap<KindName, { readonly added: number; readonly updated: number }> {
    return this.#counts;
  }
}
