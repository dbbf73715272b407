import type { AliasTruth, WalkPage } from './truth';
import type { Key } from './truth-statements';
import type { UnservedRow } from './unserved';

/** A pass keeps so many of a type: a million of them are one mistake, and counted. */
const keptOfType = 20;

/** A page of a walk through a table. */
interface Walked {
  readonly type: string;
  readonly truth: AliasTruth;
  /** Where it began; undefined: at the beginning. */
  readonly from: Key | undefined;
  readonly page: WalkPage;
  /** Rows that no page reaches, told with the first. */
  readonly unkeyed: number;
}

/** What full passes see of such rows: a few of each type, as of the last pass that was complete. */
export class UnservedRows {
  #walked = new Map<string, readonly UnservedRow[]>();
  /** Of tables without an index, those that have been looked through. */
  readonly #searched = new Set<string>();
  /** As of the last pass. */
  list: readonly UnservedRow[] = [];
  readonly #most: number;

  constructor(most = keptOfType) {
    this.#most = most;
  }

  begin(): void {
    this.#walked = new Map();
  }

  /** Costs nothing unless rows were left out. */
  note({ type, truth, from, page, unkeyed }: Walked): void {
    if (from === undefined) {
      this.#walked.delete(type);
      this.#searched.delete(type);
    }
    const before = this.#walked.get(type) ?? [];
    const limit = this.#most - before.length;
    if (page.skipped + unkeyed === 0 || limit === 0) return;
    // Without an index each look reads the whole table: there is one, for all of it.
    const range = truth.live ? { from, to: page.next, limit } : { from: undefined, to: undefined, limit };
    const found = this.#searched.has(type) ? [] : truth.unserved(range);
    if (!truth.live) this.#searched.add(type);
    this.#walked.set(type, [...before, ...found, ...truth.undecodable(page)].slice(0, this.#most));
  }

  done(): void {
    this.list = [...this.#walked.values()].flat();
  }
}

/** All of them, of a table, for a process of its own: it reads the whole table. */
export function findUnserved(type: string, truth: AliasTruth, most: number): readonly UnservedRow[] {
  const rows = new UnservedRows(most);
  let from: Key | undefined;
  do {
    const page = truth.walk(from, 1_000);
    const unkeyed = from === undefined ? truth.countUnkeyed() : 0;
    rows.note({ type, truth, from, page, unkeyed });
    from = page.next;
  } while (from !== undefined);
  rows.done();
  return rows.list;
}
