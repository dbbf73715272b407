import type { KeyTruth, WalkPage } from './key-truth';
import type { Scope } from '../../pipeline/pass-runner';
import type { UnservedRow } from './unserved';

/** How many unserved rows of a type a pass keeps: a million of them are one mistake. The others are only counted. */
const keptOfType = 20;

/** A page of a walk through a table. */
interface Walked {
  readonly type: string;
  readonly truth: KeyTruth;
  /** Where the page begins, as `walk` was told; undefined: at the beginning of the table. */
  readonly from: unknown;
  readonly page: WalkPage;
  /** Rows that no page reaches; counted with the first page, 0 with the others. */
  readonly unkeyed: number;
}

/** The unserved rows that full passes see: a few of each type, as of the last complete pass. */
export class UnservedRows {
  #walked = new Map<string, readonly UnservedRow[]>();
  #others: readonly UnservedRow[] = [];
  /** The types, of those without an index, whose table has been looked through in this pass. */
  readonly #searched = new Set<string>();
  readonly #most: number;

  /** @param list as of the last complete pass */
  constructor(
    most = keptOfType,
    public list: readonly UnservedRow[] = [],
  ) {
    this.#most = most;
  }

  /** @param scope of which mappings the pass is: what is known of the others stays */
  begin(scope: Scope = 'all'): void {
    this.#walked = new Map();
    this.#others = scope === 'all' ? [] : this.list.filter(({ type }) => !scope.has(type));
  }

  /** Takes a page's unserved rows down. Costs nothing unless the page has left rows out. */
  note({ type, truth, from, page, unkeyed }: Walked): void {
    if (from === undefined) {
      this.#walked.delete(type);
      this.#searched.delete(type);
    }
    const before = this.#walked.get(type) ?? [];
    const limit = this.#most - before.length;
    if (page.skipped + unkeyed === 0 || limit === 0) return;
    // Without an index a look reads the whole table, whatever its range: one look, then, for all pages.
    const range = truth.live ? { from, to: page.next, limit } : { from: undefined, to: undefined, limit };
    const found = this.#searched.has(type) ? [] : truth.unserved(range);
    if (!truth.live) this.#searched.add(type);
    this.#walked.set(type, [...before, ...found, ...truth.undecodable(page)].slice(0, this.#most));
  }

  done(): void {
    this.list = [...this.#others, ...[...this.#walked.values()].flat()];
  }
}

/** The unserved rows of one table, `most` at the most. Reads the whole table, and so belongs into a process of its own. */
export function findUnserved(type: string, truth: KeyTruth, most: number): readonly UnservedRow[] {
  const rows = new UnservedRows(most);
  let from: unknown;
  do {
    const page = truth.walk(from, 1_000);
    const unkeyed = from === undefined ? truth.countUnkeyed() : 0;
    rows.note({ type, truth, from, page, unkeyed });
    from = page.next;
  } while (from !== undefined);
  rows.done();
  return rows.list;
}
