/** Records remembered: more than can be on their way through the mirror at once. */
const kept = 50_000;

/**
 * Predictions that came through the stream by value. Our own function library writes their keys as well, of which
 * Redis notifies the mirror: that is an echo, and nothing to look up.
 */
export class Echoes {
  #recent = new Set<number>();
  #older = new Set<number>();

  add(ids: Iterable<number>): void {
    for (const id of ids) this.#recent.add(id);
    if (this.#recent.size < kept) return;
    this.#older = this.#recent;
    this.#recent = new Set<number>();
  }

  /** @param id what follows `aidb:prediction:` in a key, latin1 */
  has(id: string): boolean {
    const number = numberIn(id);
    return this.#recent.has(number) || this.#older.has(number);
  }

  /** Deleted: its id may come back. */
  delete(id: string): void {
    this.#recent.delete(numberIn(id));
    this.#older.delete(numberIn(id));
  }

  /** Redis went backwards: the same ids may mean other records. */
  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}

/** Ids of more digits, which no counter reaches, are not remembered: their echoes are looked up. */
const mostDigits = 15;

/** NaN for what is not the one way to write a number. */
function numberIn(id: string): number {
  if (id.length > mostDigits || (id.length > 1 && id.startsWith('0'))) return NaN;
  let number = 0;
  for (let at = 0; at < id.length; at++) {
    const digit = id.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return id === '' ? NaN : number;
}
