import { idOfKey, sortKey } from './id-order';

/** About how many bytes an entry takes beside its characters. */
const entryBytes = 64;

/** As IdSet, for ids that are not such numbers; id-order.ts says how they are sorted. */
export class KeySet {
  readonly #most: number;
  readonly #keys = new Set<string>();
  #bytes = 0;
  /** Keys up to `#from` were taken in an earlier round; keys after `#to` have no room in this one. */
  #from: string | undefined;
  #to: string | undefined;
  #order: readonly string[] | undefined;
  #at = 0;

  /** @param bytes about how much memory the set may take */
  constructor(bytes: number) {
    this.#most = bytes;
  }

  get size(): number {
    return this.#keys.size;
  }

  get more(): boolean {
    return this.#to !== undefined;
  }

  wants(id: string): boolean {
    return this.#wants(sortKey(id));
  }

  add(id: string): void {
    const key = sortKey(id);
    if (!this.#wants(key) || this.#keys.has(key)) return;
    this.#keys.add(key);
    this.#bytes += key.length + entryBytes;
    if (this.#bytes > this.#most && this.#keys.size > 1) this.#cut();
  }

  take(count: number): string[] {
    this.#order ??= [...this.#keys].sort();
    const taken = this.#order.slice(this.#at, this.#at + count);
    this.#at += taken.length;
    for (const key of taken) this.#keys.delete(key);
    return taken.map(idOfKey);
  }

  again(): void {
    this.#from = this.#to;
    this.#to = undefined;
    this.#order = undefined;
    this.#at = 0;
    this.#bytes = 0;
  }

  #wants(key: string): boolean {
    return (this.#from === undefined || key > this.#from) && (this.#to === undefined || key <= this.#to);
  }

  #cut(): void {
    const keys = [...this.#keys].sort();
    const kept = Math.ceil(keys.length / 2);
    this.#to = keys[kept - 1];
    for (const key of keys.slice(kept)) {
      this.#keys.delete(key);
      this.#bytes -= key.length + entryBytes;
    }
  }
}
