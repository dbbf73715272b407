import { type Catalogue, type KindName, kindOf } from '../../mapping/kinds';
import { type Statistic, statisticsOf } from '../../mapping/statistics';
import type { Counts } from '../../pipeline/applied-report';
import type { BatchOutcome } from '../write/attempt';

/** Records written since the pass began, by kind, and (`errors`) records that are parked: printed at its end, and what `fullSync` returns. */
export type Statistics = Readonly<Record<Statistic | 'errors', number>> & Readonly<Record<string, number>>;

export class StatisticsTally {
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

  statistics(errors: number): Statistics {
    return summed(this.#catalogue, this.#counts, errors);
  }
}

/** The statistics of these counts. @param errors how many records are parked */
export function summed(
  catalogue: Catalogue,
  counts: ReadonlyMap<KindName, Pick<Counts, 'added' | 'updated'>>,
  errors: number,
): Statistics {
  const sums = Object.fromEntries(statisticsOf(catalogue).map((name) => [name, 0])) as Record<
    Statistic | 'errors' | (string & {}),
    number
  >;
  for (const [name, { added, updated }] of counts) {
    const { statistic } = kindOf(catalogue, name);
    if (statistic !== undefined) sums[statistic] = (sums[statistic] ?? 0) + added + updated;
  }
  return { ...sums, errors };
}

/** How many records a batch has written, by kind and operation. */
export function countsOf({ counts, deleted }: BatchOutcome): ReadonlyMap<KindName, Counts> {
  const all = new Map<KindName, Counts>();
  for (const [kind, written] of counts) all.set(kind, { ...written, deleted: 0 });
  for (const [kind, count] of deleted) {
    all.set(kind, { ...(all.get(kind) ?? { added: 0, updated: 0 }), deleted: count });
  }
  return all;
}
