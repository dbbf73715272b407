/** Records remembered: more than can be on their way through the mirror at once. */
const kept = 50_000;

/**
 * Predictions that came through the stream by value. Our own function library writes their keys as well, of which
 * Redis notifies the mirror: that is an echo, and nothing to look up.
 */
export class Echoes {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** @param ids as latin1 */
  add(ids: readonly string[]): void {
    for (const id of ids) this.#recent.add(id);
    if (this.#recent.size < kept) return;
    this.#older = this.#recent;
    this.#recent = new Set();
  }

  has(id: string): boolean {
    return this.#recent.has(id) || this.#older.has(id);
  }

  /** Deleted: its id may come back. */
  delete(id: string): void {
    this.#recent.delete(id);
    this.#older.delete(id);
  }

  /** Redis went backwards: the same ids may mean other records. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
