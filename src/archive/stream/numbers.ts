/** In one entry: so many that their bits are a small integer. */
const inEntry = 30;

/** A set of whole numbers, none negative, most of which follow one another, as ids do that a counter gave out: a bit each. */
export class Numbers {
  readonly #entries = new Map<number, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(number: number): void {
    const entry = Math.floor(number / inEntry);
    const bit = 1 << (number - entry * inEntry);
    const bits = this.#entries.get(entry) ?? 0;
    if ((bits & bit) !== 0) return;
    this.#entries.set(entry, bits | bit);
    this.#size++;
  }

  /** Of NaN, too, which is never there. */
  has(number: number): boolean {
    const entry = Math.floor(number / inEntry);
    return ((this.#entries.get(entry) ?? 0) & (1 << (number - entry * inEntry))) !== 0;
  }

  delete(number: number): void {
    const entry = Math.floor(number / inEntry);
    const bit = 1 << (number - entry * inEntry);
    const bits = this.#entries.get(entry) ?? 0;
    if ((bits & bit) === 0) return;
    if (bits === bit) this.#entries.delete(entry);
    else this.#entries.set(entry, bits & ~bit);
    this.#size--;
  }
}
