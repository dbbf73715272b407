import type { RedisConnection } from '../../connections/redis';
import { lazily } from '../../foundation/lazily';
import { KeyPrefixes } from '../sink/key-prefixes';
import { eachText, textsIn } from '../sink/packed';
import type { AliasBatch } from '../sink/sink';
import type { KeyTruth } from '../source/key-truth';
import { ScannedKeys } from './scanned-keys';
import type { WalkedNames } from './walked-names';

/** Stale keys held at once. More are found by scanning again after these are gone, so that memory stays bounded. */
const capacity = 100_000;

const pagesAtOnce = 4;

interface StaleKey {
  readonly type: string;
  readonly alias: string | Buffer;
}

/** Walks the keys under the mappings' prefixes, a SCAN page at a time: to count them, or to find those that no row stands for. */
export class StaleKeys {
  readonly #scanned: ScannedKeys;
  readonly #truths: () => ReadonlyMap<string, KeyTruth>;
  #served: ReadonlyMap<string, KeyTruth> | undefined;
  #known = new KeyPrefixes([]);
  #stale: StaleKey[] = [];
  /** By type, how many stale keys were counted that are not held. */
  readonly #notHeld = new Map<string, number>();
  /** Keys that are read and not looked up yet, because SQLite was locked. */
  #page: Buffer | undefined;
  /** By type: keys scanned, and how many of them are stale. */
  readonly counts = new Map<string, { keys: number; stale: number }>();

  constructor(connection: RedisConnection, truths: () => ReadonlyMap<string, KeyTruth>, scanCount: number) {
    this.#scanned = new ScannedKeys(connection, scanCount);
    this.#truths = truths;
  }

  /** True when more stale keys were counted than are held. */
  get overflowed(): boolean {
    return this.#notHeld.size > 0;
  }

  notHeld(type: string): number {
    return this.#notHeld.get(type) ?? 0;
  }

  /** Leaves this type's keys alone. */
  exclude(type: string): void {
    this.#stale = this.#stale.filter((key) => key.type !== type);
    this.#notHeld.delete(type);
  }

  /** Forgets what was counted and found: the keys are to be looked at once more, as they were scanned if these are still held. */
  rewind(): void {
    this.#scanned.rewind();
    this.#forget();
  }

  /** The same with the keys as they are in Redis by then. */
  restart(): void {
    this.#scanned.restart();
    this.#forget();
  }

  #forget(): void {
    this.#page = undefined;
    this.#stale = [];
    this.#notHeld.clear();
    this.counts.clear();
  }

  /** Counts the keys of one page. @returns true after the last one. */
  async countPage(): Promise<boolean> {
    const page = await this.#scan();
    const prefixes = this.#prefixes();
    eachText(page, (from, to) => {
      this.#count(prefixes.ownerOf(page, from, to)?.type);
    });
    return this.#scanned.ended;
  }

  /**
   * Looks one page up, or a few that need not be scanned, for the given types. May throw; called again, it looks the same page up.
   * @param walked names that need not be looked up
   * @returns true after the last one
   */
  async findPage(types: ReadonlySet<string>, walked?: WalkedNames): Promise<boolean> {
    for (let page = 0; page < (this.#scanned.again ? pagesAtOnce : 1); page++)
      if (await this.#findPage(types, walked)) return true;
    return false;
  }

  async #findPage(types: ReadonlySet<string>, walked: WalkedNames | undefined): Promise<boolean> {
    const page = (this.#page ??= await this.#scan());
    const prefixes = this.#prefixes();
    const stale: StaleKey[] = [];
    const byType = new Map<string, string[]>();
    const counted: string[] = [];
    const read = lazily(() => textsIn(page));
    const isWalked = new Map([...types].map((type) => [type, walked?.of(type)]));
    eachText(page, (from, to) => {
      const { type, length } = prefixes.ownerOf(page, from, to) ?? {};
      if (type === undefined || length === undefined || !types.has(type)) return;
      counted.push(type);
      if (isWalked.get(type)?.(page, from + length, to) === true) return;
      const name = read()(from + length, to);
      const named = byType.get(type);
      // A key that is not valid UTF-8 belongs to no alias.
      if (typeof name !== 'string') stale.push({ type, alias: name });
      else if (named === undefined) byType.set(type, [name]);
      else named.push(name);
    });
    for (const [type, aliases] of byType) {
      for (const position of this.#truths().get(type)?.absent(aliases) ?? []) {
        const alias = aliases[position];
        if (alias !== undefined) stale.push({ type, alias });
      }
    }
    this.#page = undefined;
    for (const type of counted) this.#count(type);
    for (const key of stale) this.#found(key);
    if (!this.#scanned.ended) return false;
    // Sorted by type, since a chunk holds keys of one type.
    this.#stale.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
    return true;
  }

  /** The stale keys of one type from `index` on, at most `size`, with what the table says of them now: should they have large values, no more than `most` characters. */
  chunk(
    index: number,
    size: number,
    most: number,
  ): { readonly batch: AliasBatch; readonly next: number } | undefined {
    let next = index;
    let type = this.#stale[next]?.type;
    // A table that is gone meanwhile deletes nothing.
    while (type !== undefined && !this.#truths().has(type)) type = this.#stale[++next]?.type;
    const truth = this.#truths().get(type ?? '');
    if (type === undefined || truth === undefined) return undefined;
    const found: (string | Buffer)[] = [];
    for (let at = next; found.length < size; at++) {
      const key = this.#stale[at];
      if (key?.type !== type) break;
      found.push(key.alias);
    }
    const values = truth.lookUp(
      found.map((alias) => (typeof alias === 'string' ? alias : '')),
      most,
    );
    const aliases = found.slice(0, values.length);
    const wanted = aliases.map((alias, at) => (typeof alias === 'string' ? (values[at] ?? '') : ''));
    const batch = { type, keyspace: truth.keyspace, aliases, values: wanted };
    return { batch, next: next + aliases.length };
  }

  /** One page. A failed scan starts over. */
  async #scan(): Promise<Buffer> {
    try {
      return await this.#scanned.page(this.#prefixes());
    } catch (error) {
      this.restart();
      throw error;
    }
  }

  /** Those of the mappings that are served now. */
  #prefixes(): KeyPrefixes {
    const truths = this.#truths();
    if (truths !== this.#served) {
      this.#served = truths;
      this.#known = new KeyPrefixes([...truths].map(([type, { keyspace }]) => [type, keyspace] as const));
    }
    return this.#known;
  }

  /** Counts a key of a served mapping; others are none of ours. */
  #count(type: string | undefined): void {
    if (type === undefined) return;
    const count = this.counts.get(type);
    if (count !== undefined) count.keys++;
    else this.counts.set(type, { keys: 1, stale: 0 });
  }

  #found(key: StaleKey): void {
    const count = this.counts.get(key.type);
    if (count !== undefined) count.stale++;
    if (this.#stale.length < capacity) this.#stale.push({ type: key.type, alias: copyOf(key.alias) });
    else this.#notHeld.set(key.type, this.notHeld(key.type) + 1);
  }
}

/** A name by itself: as it was read it holds a whole page in memory. */
const copyOf = (name: string | Buffer): string | Buffer =>
  typeof name === 'string' ? Buffer.from(name).toString() : Buffer.from(name);
