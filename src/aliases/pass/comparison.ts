import type { RedisConnection } from '../../connections/redis';
import { compareKeys, comparePlainKeys, isPlain, type KeyState } from '../sink/compare-keys';
import type { KeyTruth, WalkPage } from '../source/key-truth';
import type { UnservedRows } from '../source/unserved-rows';
import type { WalkedNames } from './walked-names';

/** Differences held at once. A type with more is handed over whole instead. */
const capacity = 100_000;

export interface ComparisonOptions {
  readonly connection: RedisConnection;
  readonly type: string;
  readonly truth: () => KeyTruth;
  readonly unserved: UnservedRows | undefined;
  /** Takes the names down that the walk finds, until it is given up. */
  readonly walked: WalkedNames;
  /** The keys may be another program's: they are counted to the last, also those of another Redis type, and not held. */
  readonly foreign: boolean;
  /** Their lifetimes count, also those of plain strings, and types. */
  readonly exact: boolean;
}

/** What comparing one mapping with its keys found. */
export interface Compared {
  /** Distinct keys in the table, and rows that can have no key. */
  readonly total: number;
  readonly skipped: number;
  /** Walked keys that are there, right or wrong. */
  readonly present: number;
  /** How many of these are wrong. */
  readonly wrong: number;
  /** The names of the missing and the wrong ones. */
  readonly different: readonly string[];
}

interface Pending {
  readonly page: WalkPage;
  readonly reply: Promise<readonly KeyState[]>;
}

/**
 * Walks one mapping in key order and compares it with Redis: one comparison is on its way while the next page is read.
 * What it finds may be no difference, because something changed between the two reads: the truth is read again before a write.
 */
export class TableComparison {
  readonly #connection: RedisConnection;
  readonly #type: string;
  readonly #truth: () => KeyTruth;
  readonly #unserved: UnservedRows | undefined;
  readonly #names: WalkedNames;
  readonly #foreign: boolean;
  readonly #exact: boolean;
  readonly #different: string[] = [];
  #from: unknown;
  #pending: Pending | undefined;
  #walked = false;
  #total = 0;
  #skipped = 0;
  #present = 0;
  #wrong = 0;

  constructor({ connection, type, truth, unserved, walked, foreign, exact }: ComparisonOptions) {
    this.#connection = connection;
    this.#type = type;
    this.#truth = truth;
    this.#unserved = unserved;
    this.#names = walked;
    this.#names.forget(type);
    this.#foreign = foreign;
    this.#exact = exact;
  }

  /** Keys compared so far. */
  get total(): number {
    return this.#total;
  }

  /** Whether all pages have been read. */
  get walked(): boolean {
    return this.#walked;
  }

  /** Compares one page. @returns the result after the last page; 'too many' when it is cheaper to send the whole table */
  async step(rows: number): Promise<Compared | 'more' | 'too many'> {
    const before = this.#pending;
    this.#pending = this.#walked ? undefined : this.#next(rows);
    if (before !== undefined) this.#compare(before.page, await before.reply);
    if (this.#different.length > capacity) {
      this.#names.forget(this.#type);
      return 'too many';
    }
    if (this.#pending !== undefined) return 'more';
    const [total, skipped, present, wrong] = [this.#total, this.#skipped, this.#present, this.#wrong];
    return { total, skipped, present, wrong, different: this.#different };
  }

  #next(rows: number): Pending {
    const truth = this.#truth();
    const unkeyed = this.#from === undefined ? truth.countUnkeyed() : 0;
    this.#skipped += unkeyed;
    const page = truth.walk(this.#from, rows);
    this.#unserved?.note({ type: this.#type, truth, from: this.#from, page, unkeyed });
    this.#names.add(this.#type, page.aliases);
    this.#from = page.next;
    this.#walked = page.next === undefined;
    const { keyspace } = truth;
    const keys = page.aliases.map((alias) => keyspace.prefix + alias);
    const compare = isPlain(keyspace) && !this.#exact ? comparePlainKeys : compareKeys;
    const reply = compare(this.#connection, { keyspace, keys, values: page.values, exact: this.#exact });
    reply.catch(() => undefined); // awaited by the next step
    return { page, reply };
  }

  #compare({ aliases, skipped }: WalkPage, found: readonly KeyState[]): void {
    this.#skipped += skipped;
    this.#total += aliases.length;
    for (let position = 0; position < aliases.length; position++) {
      const state = found[position] ?? 'absent';
      if (state === 'same' || state === 'different') this.#present++;
      if (state === 'different' || state === 'other') this.#wrong++;
      if (state !== 'same' && !this.#foreign) this.#different.push(aliases[position] ?? '');
    }
  }
}
