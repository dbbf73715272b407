import { isUtf8 } from 'node:buffer';
import type { RedisConnection } from '../redis';
import { keyPrefix } from './mapping';
import type { Batch } from './sink';
import type { AliasTruth } from './truth';

/** Stale keys held at once. More are found by scanning again after these are gone, so that memory stays bounded. */
const capacity = 100_000;

interface StaleKey {
  readonly type: string;
  readonly alias: string | Buffer;
}

/** Finds the keys under `alias:<type>:` whose alias the table does not have, a SCAN page at a time. */
export class StaleKeys {
  readonly #connection: RedisConnection;
  readonly #truths: () => ReadonlyMap<string, AliasTruth>;
  readonly #scanCount: number;
  readonly #excluded = new Set<string>();
  #cursor = '0';
  #stale: StaleKey[] = [];
  #overflowed = false;
  /** By type: keys scanned, and how many of them are stale. */
  readonly counts = new Map<string, { keys: number; stale: number }>();

  constructor(connection: RedisConnection, truths: () => ReadonlyMap<string, AliasTruth>, scanCount: number) {
    this.#connection = connection;
    this.#truths = truths;
    this.#scanCount = scanCount;
  }

  /** True when more stale keys were counted than are held. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Leaves this type's keys alone. */
  exclude(type: string): void {
    this.#excluded.add(type);
    this.#stale = this.#stale.filter((key) => key.type !== type);
  }

  reset(): void {
    this.#cursor = '0';
    this.#stale = [];
    this.#overflowed = false;
    this.counts.clear();
  }

  /** Scans one page. @returns true after the last one. A failed scan starts over: its cursor is worth nothing after a restart. */
  async scanPage(): Promise<boolean> {
    let keys: readonly Buffer[];
    try {
      [this.#cursor, keys] = await this.#scan();
    } catch (error) {
      this.reset();
      throw this.#connection.translate(error);
    }
    const byType = new Map<string, string[]>();
    for (const key of keys) this.#sort(key, byType);
    for (const [type, aliases] of byType) {
      const absent = this.#truths().get(type)?.absent(aliases) ?? [];
      for (const position of absent) {
        const alias = aliases[position];
        if (alias !== undefined) this.#found({ type, alias });
      }
    }
    if (this.#cursor !== '0') return false;
    // By type, since a chunk holds one.
    this.#stale.sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : 0));
    return true;
  }

  /** The stale keys of one type from `index` on, at most `size`, with what the table says of them now. */
  chunk(index: number, size: number): { readonly batch: Batch; readonly next: number } | undefined {
    const type = this.#stale[index]?.type;
    if (type === undefined) return undefined;
    let next = index;
    const aliases: (string | Buffer)[] = [];
    while (aliases.length < size && this.#stale[next]?.type === type) {
      const alias = this.#stale[next++]?.alias;
      if (alias !== undefined) aliases.push(alias);
    }
    const texts = aliases.map((alias) => (typeof alias === 'string' ? alias : ''));
    const values = this.#truths().get(type)?.lookUp(texts) ?? [];
    // A key that is not valid UTF-8 belongs to no alias.
    const wanted = aliases.map((alias, position) =>
      typeof alias === 'string' ? (values[position] ?? '') : '',
    );
    return { batch: { type, aliases, values: wanted }, next };
  }

  async #scan(): Promise<readonly [string, readonly Buffer[]]> {
    const [cursor, keys] = await this.#connection.client.scanBuffer(
      this.#cursor,
      'MATCH',
      'alias:*',
      'COUNT',
      this.#scanCount,
    );
    return [cursor.toString(), keys];
  }

  #sort(key: Buffer, byType: Map<string, string[]>): void {
    const text = key.toString();
    const type = text.slice('alias:'.length, text.indexOf(':', 'alias:'.length));
    if (!this.#truths().has(type) || this.#excluded.has(type)) return;
    const prefix = keyPrefix(type);
    const count = this.counts.get(type) ?? { keys: 0, stale: 0 };
    count.keys++;
    this.counts.set(type, count);
    if (text.includes('\uFFFD') && !isUtf8(key)) {
      this.#found({ type, alias: key.subarray(prefix.length) });
      return;
    }
    const aliases = byType.get(type);
    if (aliases === undefined) byType.set(type, [text.slice(prefix.length)]);
    else aliases.push(text.slice(prefix.length));
  }

  #found(key: StaleKey): void {
    const count = this.counts.get(key.type);
    if (count !== undefined) count.stale++;
    if (this.#stale.length < capacity) this.#stale.push(key);
    else this.#overflowed = true;
  }
}
