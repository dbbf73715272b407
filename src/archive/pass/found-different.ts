import { IdSet } from '../record/id-set';
import { KeySet } from '../record/key-set';
import type { Catalogue, Kind, KindName } from '../../mapping/kinds';
import { isId } from '../record/row';

/** Numbers of up to this many digits are surely below 2^53. */
const mostDigits = 15;

/** How many records are handed over together: they make one transaction, between two pages of the tail. */
const pageRecords = ({ packed, shape }: Kind): number => (packed ? 4_000 : shape === 'members' ? 100 : 1_000);

export interface DifferentPage {
  readonly kind: KindName;
  /** latin1, rising */
  readonly ids: readonly string[];
  /** Whether they are numbers of up to 15 digits. */
  readonly numbers: boolean;
  /** Whether this page has the highest numbers of the kind. */
  readonly last: boolean;
}

/** The differences of one kind, in two sets. */
interface Part {
  readonly kind: KindName;
  readonly pageRecords: number;
  readonly numbers: IdSet;
  /** Ids that `numbers` cannot hold: greater numbers, ids of several parts, keys without an id. They come after the numbers. */
  readonly keys: KeySet;
  /** Which of the two sets the present walk fills. */
  open: 'both' | 'numbers' | 'keys' | 'none';
}

/**
 * Holds the records that a walk over Redis finds different. When the walk is through they are taken out in order: parents before
 * children, each kind by rising ids. Records that have no room are looked for by another walk.
 */
export class FoundDifferent {
  readonly #parts: readonly Part[];
  readonly #byKind: ReadonlyMap<KindName, Part>;
  #at = 0;

  /** @param bytes about how much memory each of the two sets of a kind may take */
  constructor(catalogue: Catalogue, bytes: number) {
    this.#parts = [...catalogue.values()].map((kind) => ({
      kind: kind.name,
      pageRecords: pageRecords(kind),
      numbers: new IdSet(bytes),
      keys: new KeySet(bytes),
      open: 'both',
    }));
    this.#byKind = new Map(this.#parts.map((part) => [part.kind, part]));
  }

  get size(): number {
    return this.#parts.reduce((sum, { numbers, keys }) => sum + numbers.size + keys.size, 0);
  }

  /** Whether this walk is to find such records: others need not be compared. */
  wants(kind: KindName, id: string): boolean {
    const part = this.#partOf(kind);
    // This is nearly always so, and asked for millions of records: answered without looking at the id.
    if (part.open === 'both' && !part.numbers.more && !part.keys.more) return true;
    if (isNumber(id)) return isOpen(part, 'numbers') && part.numbers.wants(Number(id));
    return isOpen(part, 'keys') && part.keys.wants(id);
  }

  wantsNumber(kind: KindName, id: number): boolean {
    const part = this.#partOf(kind);
    return isOpen(part, 'numbers') && part.numbers.wants(id);
  }

  add(kind: KindName, id: string): void {
    const part = this.#partOf(kind);
    if (!isNumber(id)) {
      if (isOpen(part, 'keys')) part.keys.add(id);
    } else if (isOpen(part, 'numbers')) part.numbers.add(Number(id));
  }

  addNumber(kind: KindName, id: number): void {
    const part = this.#partOf(kind);
    if (isOpen(part, 'numbers')) part.numbers.add(id);
  }

  /** Takes the next records out, when the walk is through. `walk`: another walk has to come first; undefined: that was all. */
  take(): DifferentPage | 'walk' | undefined {
    for (const part of this.#parts) part.open = 'none';
    for (; this.#at < this.#parts.length; this.#at++) {
      const part = this.#parts[this.#at];
      if (part === undefined) break;
      const { kind, numbers, keys, pageRecords: most } = part;
      for (const form of ['numbers', 'keys'] as const) {
        const set = form === 'numbers' ? numbers : keys;
        const ids = set.take(most);
        if (ids.length > 0)
          return { kind, ids, numbers: form === 'numbers', last: numbers.size === 0 && !numbers.more };
        if (!set.more) continue;
        set.again();
        part.open = form;
        return 'walk';
      }
    }
    return undefined;
  }

  /** Takes some more of the kind that was taken from last: numbers below `end`. @returns none when these are all taken */
  takeBelow(end: number): readonly string[] {
    const part = this.#parts[this.#at];
    return part === undefined ? [] : part.numbers.take(part.pageRecords, end);
  }

  #partOf(kind: KindName): Part {
    const part = this.#byKind.get(kind);
    if (part === undefined) throw new Error(`no part for ${kind}`);
    return part;
  }
}

const isNumber = (id: string): boolean => id.length <= mostDigits && isId(id);

const isOpen = ({ open }: Part, form: 'numbers' | 'keys'): boolean => open === 'both' || open === form;
