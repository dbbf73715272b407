/** Records remembered: more than can be on their way through the mirror at once. */
const kept = 50_000;

/**
 * Append-only records that came through the stream by value. Our own function library writes their keys as well, of which
 * Redis notifies the mirror: that is an echo, and nothing to look up.
 */
export class Echoes {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** @param record `<kind> <id>`, latin1 */
  add(records: readonly string[]): void {
    for (const record of records) this.#recent.add(record);
    if (this.#recent.size < kept) return;
    this.#older = this.#recent;
    this.#recent = new Set();
  }

  has(record: string): boolean {
    return this.#recent.has(record) || this.#older.has(record);
  }

  /** Deleted: its id may come back. */
  delete(record: string): void {
    this.#recent.delete(record);
    this.#older.delete(record);
  }

  /** Redis went backwards: the same ids may mean other records. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
