import { type Catalogue, type Kind, type KindName, kindOf } from '../../mapping/kinds';
import type { Nominated } from '../record/nominated';
import type { Nominations } from '../record/nomination';
import { targetOf } from '../record/target';
import type { EntryReader } from '../truth/entry-reader';
import type { MemberReader } from '../truth/member-reader';
import { compareIds, type CompareOptions } from './compare-ids';
import type { DifferenceOptions, Differences } from './differences';
import { differingPoints } from './differing-points';
import type { DifferentPage, FoundDifferent } from './found-different';
import { lowestFrom } from './packed-ids';

export interface NominatorOptions extends CompareOptions, Pick<DifferenceOptions, 'targets' | 'truth'> {
  /** Whether nothing else is due, while missing predictions are handed over (no). */
  readonly mayGoOn?: () => boolean;
}

export interface NominatorParts {
  readonly found: FoundDifferent;
  readonly differences: Differences;
  readonly points: { readonly members: MemberReader; readonly differences: Differences };
  readonly entries: EntryReader;
}

/** Comparing a chunk, or handing over a page: after a failure it is begun anew. */
export type Work = () => AsyncGenerator<Nominated>;

/** Nominates what a walk has found different, page by page. */
export class DifferenceNominator {
  readonly #options: NominatorOptions;
  readonly #catalogue: Catalogue;
  readonly #parts: NominatorParts;
  /** How many records were handed over and applied, by kind; of streams about as many as they had entries to be read. */
  readonly applied = new Map<KindName, number>();

  constructor(options: NominatorOptions, parts: NominatorParts) {
    this.#options = options;
    this.#catalogue = options.truth.catalogue;
    this.#parts = parts;
  }

  /** @param highest id of the packed kind that the walk has compared: of what lies above, it knows that Postgres lacked it */
  work(page: DifferentPage, highest = ''): Work {
    const ids = [...page.ids];
    const kind = kindOf(this.#catalogue, page.kind);
    if (kind.shape === 'members') return () => this.#points(kind, ids);
    if (kind.shape === 'entries') return () => this.#entries(kind, ids);
    // The tail may have brought the youngest predictions while the walk went on.
    const doubtful = kind.packed && (page.last || Number(ids.at(-1)) > Number(highest));
    if (!doubtful) return () => this.#ids(kind, ids);
    return page.numbers ? () => this.#doubtful(kind, ids) : () => this.#compared(kind, ids);
  }

  async *#ids(kind: Kind, ids: Iterable<string> | Promise<Iterable<string>>): AsyncGenerator<Nominated> {
    const due = new Set(await ids);
    yield { nominated: new Map([[kind.name, due]]), points: [] };
    addTo(this.applied, kind.name, due.size);
  }

  #compared(kind: Kind, ids: readonly string[]): AsyncGenerator<Nominated> {
    const compared = compareIds(this.#options, this.#parts.differences, kind, ids);
    return this.#ids(
      kind,
      compared.then(({ different }) => different),
    );
  }

  /**
   * Where Postgres has none of these numbers, they are all missing; and so are those that follow, up to the next that it has: they are applied
   * in the same step, so that one is read while the other is written. @param ids gets those that follow
   */
  async *#doubtful(kind: Kind, ids: string[]): AsyncGenerator<Nominated> {
    const { postgres, targets, mayGoOn } = this.#options;
    const end = await lowestFrom(postgres, targetOf(targets(), kind.name), ids[0] ?? '');
    if (Number(ids.at(-1)) >= end) {
      yield* this.#compared(kind, ids);
      return;
    }
    const following = () => {
      const more = mayGoOn?.() === true ? this.#parts.found.takeBelow(end) : [];
      for (const id of more) ids.push(id);
      return more.length === 0 ? undefined : nominate(kind, more);
    };
    yield { nominated: nominate(kind, ids), points: [], following };
    addTo(this.applied, kind.name, ids.length);
  }

  async *#points(kind: Kind, ids: readonly string[]): AsyncGenerator<Nominated> {
    for await (const { missing, unfit } of differingPoints(kind, ids, this.#parts.points)) {
      yield { nominated: nominate(kind, unfit), points: missing };
      addTo(this.applied, kind.name, missing.length);
    }
  }

  async *#entries(kind: Kind, ids: readonly string[]): AsyncGenerator<Nominated> {
    const waiting = await this.#parts.entries.waiting(kind, ids);
    if (waiting.size === 0) return;
    yield { nominated: nominate(kind, waiting.keys()), points: [] };
    addTo(this.applied, kind.name, [...waiting.values()].reduce((sum, count) => sum + count, 0)); // prettier-ignore
  }
}

const nominate = ({ name }: Kind, ids: Iterable<string>): Nominations => new Map([[name, new Set(ids)]]);

export function addTo(counts: Map<KindName, number>, name: KindName, more: number): void {
  if (more > 0) counts.set(name, (counts.get(name) ?? 0) + more);
}
