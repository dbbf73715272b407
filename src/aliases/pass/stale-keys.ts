import { isUtf8 } from 'node:buffer';
import type { RedisConnection } from '../../connections/redis';
import { KeyPrefixes } from '../sink/key-prefixes';
import { scanKeys } from '../sink/read-keys';
import type { AliasBatch } from '../sink/sink';
import type { KeyTruth } from '../source/key-truth';
import type { WalkedNames } from './walked-names';

/** Stale keys held at once. More are found by scanning again after these are gone, so that memory stays bounded. */
const capacity = 100_000;

interface StaleKey {
  readonly type: string;
  readonly alias: string | Buffer;
}

/** Walks the keys under the mappings' prefixes, a SCAN page at a time: to count them, or to find those that no row stands for. */
export class StaleKeys {
  readonly #connection: RedisConnection;
  readonly #truths: () => ReadonlyMap<string, KeyTruth>;
  readonly #scanCount: number;
  #served: ReadonlyMap<string, KeyTruth> | undefined;
  #known = new KeyPrefixes([]);
  #cursor = '0';
  #stale: StaleKey[] = [];
  /** By type, how many stale keys were counted that are not held. */
  readonly #notHeld = new Map<string, number>();
  /** Keys that are scanned and not looked up yet, because SQLite was locked. */
  #page: readonly Buffer[] | undefined;
  /** By type: keys scanned, and how many of them are stale. */
  readonly counts = new Map<string, { keys: number; stale: number }>();

  constructor(connection: RedisConnection, truths: () => ReadonlyMap<string, KeyTruth>, scanCount: number) {
    this.#connection = connection;
    this.#truths = truths;
    this.#scanCount = scanCount;
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

  reset(): void {
    this.#cursor = '0';
    this.#page = undefined;
    this.#stale = [];
    this.#notHeld.clear();
    this.counts.clear();
  }

  /** Counts the keys of one page. @returns true after the last one. */
  async countPage(): Promise<boolean> {
    const page = await this.#scan();
    const prefixes = this.#prefixes();
    for (const key of page) this.#count(prefixes.ownerOf(key)?.type);
    return this.#cursor === '0';
  }

  /**
   * Looks one page up, for the given types. May throw; called again, it looks the same page up. @returns true after the last one.
   * @param walked names that need not be looked up
   */
  async findPage(types: ReadonlySet<string>, walked?: WalkedNames): Promise<boolean> {
    const page = (this.#page ??= await this.#scan());
    const prefixes = this.#prefixes();
    const stale: StaleKey[] = [];
    const byType = new Map<string, string[]>();
    const counted: string[] = [];
    for (const key of page) {
      const { type, length } = prefixes.ownerOf(key) ?? {};
      if (type === undefined || !types.has(type)) continue;
      counted.push(type);
      const text = key.toString('utf8', length);
      const named = byType.get(type);
      // A key that is not valid UTF-8 belongs to no alias.
      if (text.includes('\uFFFD') && !isUtf8(key.subarray(length)))
        stale.push({ type, alias: key.subarray(length) });
      else if (named === undefined) byType.set(type, [text]);
      else named.push(text);
    }
    for (const [type, found] of byType) {
      const aliases = walked?.unseen(type, found) ?? found;
      if (aliases.length === 0) continue;
      for (const position of this.#truths().get(type)?.absent(aliases) ?? []) {
        const alias = aliases[position];
        if (alias !== undefined) stale.push({ type, alias });
      }
    }
    this.#page = undefined;
    for (const type of counted) this.#count(type);
    for (const key of stale) this.#found(key);
    if (this.#cursor !== '0') return false;
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

  /** One page. A failed scan starts over: its cursor is worth nothing after a restart of the server. */
  async #scan(): Promise<readonly Buffer[]> {
    try {
      const [cursor, keys] = await scanKeys(
        this.#connection,
        this.#prefixes(),
        this.#cursor,
        this.#scanCount,
      );
      this.#cursor = cursor.toString();
      return keys;
    } catch (error) {
      this.reset();
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
    if (this.#stale.length < capacity) this.#stale.push(key);
    else this.#notHeld.set(key.type, this.notHeld(key.type) + 1);
  }
}
