import type { RedisConnection } from '../../connections/redis';
import { keyPrefix } from '../../mapping/alias-tables';
import { readValues } from '../sink/read-keys';
import type { KeyTruth, WalkPage } from '../source/key-truth';
import type { UnservedRows } from '../source/unserved-rows';

/** Differences held at once. A type with more is handed over whole instead. */
const capacity = 100_000;

export interface ComparisonOptions {
  readonly connection: RedisConnection;
  readonly type: string;
  readonly truth: () => KeyTruth;
  readonly unserved: UnservedRows | undefined;
}

/** What comparing one table with its keys found. */
export interface Compared {
  /** Distinct aliases in the table, and rows that can have no key. */
  readonly total: number;
  readonly skipped: number;
  /** Walked aliases that have a key, right or wrong. */
  readonly present: number;
  /** The aliases whose key is missing or wrong. */
  readonly different: readonly string[];
}

/**
 * Walks one table in key order and compares it with Redis by plain MGETs: one is on its way while the next page is read.
 * What it finds may be no difference, because something changed between the two reads: the truth is read again before a write.
 */
export class TableComparison {
  readonly #connection: RedisConnection;
  readonly #type: string;
  readonly #truth: () => KeyTruth;
  readonly #unserved: UnservedRows | undefined;
  readonly #different: string[] = [];
  #from: unknown;
  #pending: { readonly page: WalkPage; readonly reply: Promise<readonly (string | null)[]> } | undefined;
  #walked = false;
  #total = 0;
  #skipped = 0;
  #present = 0;

  constructor({ connection, type, truth, unserved }: ComparisonOptions) {
    this.#connection = connection;
    this.#type = type;
    this.#truth = truth;
    this.#unserved = unserved;
  }

  /** Aliases compared so far. */
  get total(): number {
    return this.#total;
  }

  /** Compares one page. @returns the result after the last page; 'too many' when it is cheaper to send the whole table */
  async step(rows: number): Promise<Compared | 'more' | 'too many'> {
    const before = this.#pending;
    this.#pending = this.#walked ? undefined : this.#next(rows);
    if (before !== undefined) this.#compare(before.page, await before.reply);
    if (this.#different.length > capacity) return 'too many';
    if (this.#pending !== undefined) return 'more';
    const [total, skipped, present] = [this.#total, this.#skipped, this.#present];
    return { total, skipped, present, different: this.#different };
  }

  #next(rows: number): { readonly page: WalkPage; readonly reply: Promise<readonly (string | null)[]> } {
    const truth = this.#truth();
    const unkeyed = this.#from === undefined ? truth.countUnkeyed() : 0;
    this.#skipped += unkeyed;
    const page = truth.walk(this.#from, rows);
    this.#unserved?.note({ type: this.#type, truth, from: this.#from, page, unkeyed });
    this.#from = page.next;
    this.#walked = page.next === undefined;
    const prefix = keyPrefix(this.#type);
    const keys = page.aliases.map((alias) => prefix + alias);
    const reply = keys.length === 0 ? Promise.resolve([]) : readValues(this.#connection, keys);
    reply.catch(() => undefined); // awaited by the next step
    return { page, reply };
  }

  #compare({ aliases, values, skipped }: WalkPage, found: readonly (string | null)[]): void {
    this.#skipped += skipped;
    this.#total += aliases.length;
    for (let position = 0; position < aliases.length; position++) {
      const had = found[position] ?? null;
      if (had !== null) this.#present++;
      if (had !== values[position]) this.#different.push(aliases[position] ?? '');
    }
  }
}
