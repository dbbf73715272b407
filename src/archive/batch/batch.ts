import { type Carried, recordIn, split, strange } from './carried';
import { CarriedCopy, type KnownId } from './carried-copy';
import { type DeadLetter, distinctionAmong, letterOf, unfit } from '../letters/dead-letters';
import type { EntriesRead } from '../record/own/entries-read';
import type { Found } from '../record/found';
import type { Gone } from '../record/gone';
import { keyOf } from '../record/key';
import type { Kind, KindName } from '../../mapping/kinds';
import { PackedError } from '../record/packed';
import { References, type Row, toRow } from '../record/row';

/** Records on their way to one transaction, and what will not get there. */
export class Batch {
  readonly #rows = new Map<KindName, Row[]>();
  readonly #references = new References();
  readonly letters: DeadLetter[];
  readonly deletions: Gone[];
  /** What is, or may be, gone though nobody deleted it. */
  readonly lapsed: Gone[];
  /** Keys that are there, of which fields were deleted that were records (hyperparameters), or another record: with what tells those that are left. */
  readonly namesLeft: Map<string, Gone & { readonly names: readonly Buffer[] }>;
  /** How far streams of the user's own are read with these rows, in the order in which that was done. */
  readonly reads: EntriesRead[];
  /** Stored letters (ids) this batch tries again: gone unless parked again. */
  readonly retried: string[];
  /** Of those letters; undefined: what is here is there now. */
  life: string | undefined;
  /** Records that are not among the rows, because they are ready as they are: see `spread`. */
  #copy: CarriedCopy | undefined;

  constructor(from?: Batch) {
    for (const [name, rows] of from?.rows ?? []) this.#rows.set(name, [...rows]);
    this.letters = [...(from?.letters ?? [])];
    this.deletions = [...(from?.deletions ?? [])];
    this.lapsed = [...(from?.lapsed ?? [])];
    this.namesLeft = new Map(from?.namesLeft);
    this.reads = [...(from?.reads ?? [])];
    this.life = from?.life;
    this.retried = [...(from?.retried ?? [])];
    this.#copy = from?.copy;
  }

  get copy(): CarriedCopy | undefined {
    return this.#copy;
  }

  /** By kind, of those that have any. */
  get rows(): ReadonlyMap<KindName, readonly Row[]> {
    return this.#rows;
  }

  of(name: KindName): Row[] {
    let rows = this.#rows.get(name);
    if (rows === undefined) this.#rows.set(name, (rows = []));
    return rows;
  }

  /** Nothing but records that are ready as they are. */
  get isPlain(): boolean {
    return this.#copy !== undefined && this.size === this.#copy.size;
  }

  get size(): number {
    let size =
      this.letters.length +
      this.deletions.length +
      this.lapsed.length +
      this.retried.length +
      this.reads.length;
    size += this.#copy?.size ?? 0;
    for (const rows of this.#rows.values()) size += rows.length;
    return size;
  }

  /** Checks a record, or parks it. @param entryId of the stream's entry, if that had its contents */
  add(found: Found, entryId?: string): void {
    try {
      this.of(found.kind.name).push(toRow(found, this.#references));
    } catch (error) {
      const letter = letterOf(found, unfit(error));
      this.letters.push(entryId === undefined ? letter : { ...letter, entryId });
    }
  }

  /** The same for packed records. */
  addCarried(carried: Carried, known: KnownId): void {
    if (carried.kind.packed) {
      this.#copy ??= new CarriedCopy(carried.kind, known);
      if (this.#copy.add(carried)) return;
    }
    for (const one of split(carried)) {
      if (one.value.length === carried.value.length || this.#copy?.add(one) !== true) this.#addSingle(one);
    }
  }

  /** Makes rows of all that is ready as it is: for a transaction that has to look closer. */
  spread(): void {
    for (const carried of this.#copy?.values ?? []) for (const one of split(carried)) this.#addSingle(one);
    this.#copy = undefined;
  }

  #addSingle(carried: Carried): void {
    try {
      this.add(recordIn(carried), carried.from?.entryId);
    } catch (error) {
      // Only who writes into the stream can damage it.
      if (!(error instanceof PackedError) || carried.from === undefined) throw error;
      const field = `${carried.kind.name}=`;
      const message = `the value of "${field}" is damaged: ${error.message}`;
      this.letters.push(strange(carried.from, field, message));
    }
  }

  /** Takes out what came of these keys: it was deleted since. */
  discard(name: KindName, ids: ReadonlySet<string>): void {
    if (name === this.#copy?.kind.name) this.spread();
    keepOf(this.of(name), ({ id }) => !ids.has(id));
  }

  /** Takes out what a letter had of a key that does not hold it any more: it was deleted since. @param names of all that the key holds */
  discardItems(kind: Kind, id: string, names: readonly Buffer[]): void {
    const text = (name: Buffer | undefined) => Buffer.from(distinctionAmong(name)).toString('latin1');
    const there = new Set(names.map(text));
    const key = keyOf(kind, Buffer.from(id, 'latin1'));
    keepOf(this.of(kind.name), ({ id: of, found }) => of !== id || there.has(text(found.values[0])));
    keepOf(
      this.letters,
      (one) =>
        one.payload === undefined ||
        !(one.kind === kind.name && one.key.equals(key)) ||
        there.has(Buffer.from(one.distinction).toString('latin1')),
    );
  }
}

function keepOf<T>(list: T[], wanted: (one: T) => boolean): void {
  const kept = list.filter(wanted);
  list.length = 0;
  for (const one of kept) list.push(one);
}
