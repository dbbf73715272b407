import { type Carried, recordsIn } from './carried';
import { CarriedCopy, type KnownId } from './carried-copy';
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
  /** Predictions that are not among the rows, because they are ready as they are: see `spread`. */
  #copy: CarriedCopy | undefined;

  constructor(from?: Batch) {
    this.#rows = new Map(kindNames.map((name) => [name, [...(from?.of(name) ?? [])]]));
    this.letters = [...(from?.letters ?? [])];
    this.deletions = [...(from?.deletions ?? [])];
    this.wholeRuns = new Map(from?.wholeRuns);
    this.retried = [...(from?.retried ?? [])];
    this.#copy = from?.copy;
  }

  get copy(): CarriedCopy | undefined {
    return this.#copy;
  }

  of(name: KindName): Row[] {
    const rows = this.#rows.get(name);
    if (rows === undefined) throw new Error(`no rows of ${name}`);
    return rows;
  }

  /** Nothing but records that are ready as they are. */
  get isPlain(): boolean {
    return this.#copy !== undefined && this.size === this.#copy.ids.length;
  }

  get size(): number {
    let size = this.letters.length + this.deletions.length + this.retried.length;
    size += this.#copy?.ids.length ?? 0;
    for (const rows of this.#rows.values()) size += rows.length;
    return size;
  }

  /** Checks a record, or parks it. @param entryId of the stream's entry, if that had its contents */
  add(found: Found, entryId?: string): void {
    try {
      this.of(found.kind.name).push(toRow(found));
    } catch (error) {
      const letter = letterOf(found, unfit(error));
      this.letters.push(entryId === undefined ? letter : { ...letter, entryId });
    }
  }

  /** The same for what came by value. @returns how many records that is */
  addCarried(carried: Carried, known: KnownId): number {
    if (carried.kind === 'prediction') {
      this.#copy ??= new CarriedCopy(known);
      const before = this.#copy.ids.length;
      if (this.#copy.add(carried)) return this.#copy.ids.length - before;
    }
    return this.#addEach(carried);
  }

  /** Makes rows of all that is ready as it is: for a transaction that has to look closer. */
  spread(): void {
    for (const carried of this.#copy?.values ?? []) this.#addEach(carried);
    this.#copy = undefined;
  }

  #addEach(carried: Carried): number {
    let count = 0;
    for (const found of recordsIn(carried)) {
      count++;
      if ('values' in found) this.add(found, carried.entryId);
      else this.letters.push(found);
    }
    return count;
  }

  /** Takes out what came of these keys: it was deleted since. */
  discard(name: KindName, ids: ReadonlySet<string>): void {
    if (name === 'prediction') this.spread();
    const rows = this.of(name);
    const kept = rows.filter(({ id }) => !ids.has(id));
    rows.length = 0;
    for (const row of kept) rows.push(row);
  }
}
