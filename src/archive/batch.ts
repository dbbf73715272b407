import { type Carried, CarriedRow } from './carried-row';
import { type DeadLetter, letterOf, unfit } from './dead-letters';
import type { Deletion } from './delete';
import type { Found } from './found';
import { type KindName, kindNames } from './kinds';
import { type Row, toRow } from './row';

/** Records on their way to one transaction, and what will not get there. */
export class Batch {
  readonly #rows: ReadonlyMap<KindName, Row[]>;
  readonly letters: DeadLetter[];
  readonly deletions: Deletion[];
  /** Runs (Redis ids) whose hyperparameters were read whole, with the names of all of them. */
  readonly wholeRuns: Map<string, readonly Buffer[]>;
  /** Stored letters (ids) this batch tries again: gone unless parked again. */
  readonly retried: string[];

  constructor(from?: Batch) {
    this.#rows = new Map(kindNames.map((name) => [name, [...(from?.of(name) ?? [])]]));
    this.letters = [...(from?.letters ?? [])];
    this.deletions = [...(from?.deletions ?? [])];
    this.wholeRuns = new Map(from?.wholeRuns);
    this.retried = [...(from?.retried ?? [])];
  }

  of(name: KindName): Row[] {
    const rows = this.#rows.get(name);
    if (rows === undefined) throw new Error(`no rows of ${name}`);
    return rows;
  }

  get size(): number {
    let size = this.letters.length + this.deletions.length + this.retried.length;
    for (const rows of this.#rows.values()) size += rows.length;
    return size;
  }

  /** Checks a record, or parks it. */
  add(found: Found): void {
    try {
      this.of(found.kind.name).push(toRow(found));
    } catch (error) {
      this.letters.push(letterOf(found, unfit(error)));
    }
  }

  /** The same for a record in its packed form. @param found what is in it @param entryId if it came with the stream */
  addCarried(carried: Carried, found: Found, entryId?: string): void {
    try {
      this.of(carried.kind).push(new CarriedRow(carried, found));
    } catch (error) {
      const letter = letterOf(found, unfit(error));
      this.letters.push(entryId === undefined ? letter : { ...letter, entryId });
    }
  }

  /** Takes out what came of these keys: it was deleted since. */
  discard(name: KindName, ids: ReadonlySet<string>): void {
    const rows = this.of(name);
    const kept = rows.filter(({ id }) => !ids.has(id));
    rows.length = 0;
    for (const row of kept) rows.push(row);
  }
}
