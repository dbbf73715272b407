import { type Catalogue, type KindName, kindOf } from '../../mapping/kinds';
import { type Statistic, statisticsOf } from '../../mapping/statistics';
import type { BatchOutcome } from '../write/attempt';

/** What the documents print and `fullSync` returns: records written since the pass began, and those that are parked. */
export type Statistics = Readonly<Record<Statistic | 'errors', number>> & Readonly<Record<string, number>>;

export class Tally {
  readonly #catalogue: Catalogue;
  readonly #counts = new Map<KindName, { added: number; updated: number }>();
  deleted = 0;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

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
    const sums = Object.fromEntries(statisticsOf(this.#catalogue).map((name) => [name, 0])) as Record<
      Statistic | 'errors' | (string & {}),
      number
    >;
    for (const [name, { added, updated }] of this.#counts) {
      const { statistic } = kindOf(this.#catalogue, name);
      if (statistic !== undefined) sums[statistic] = (sums[statistic] ?? 0) + added + updated;
    }
    return { ...sums, errors };
  }

  get counts(): ReadonlyMap<KindName, { readonly added: number; readonly updated: number }> {
    return this.#counts;
  }
}
