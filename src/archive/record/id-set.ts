/** How many ids share a block: few enough that V8 keeps a block's bits inside its object. */
const blockIds = 512;
const wordBits = 32;
/** About how many bytes a block takes. */
const blockBytes = 216;

/**
 * A set of numbers up to 2^53 that are taken out in rising order, in bounded memory: of too many only the smallest are kept, and the
 * others have to be added again in another round. A number takes a bit, as long as numbers are close to each other.
 */
export class IdSet {
  readonly #most: number;
  readonly #blocks = new Map<number, Uint32Array>();
  /** Numbers below `#from` were taken in an earlier round; numbers from `#to` on have no room in this one. */
  #from = 0;
  #to = Infinity;
  /** The numbers of the blocks, sorted when the first are taken out. */
  #order: Float64Array | undefined;
  #at = 0;
  size = 0;

  /** @param bytes about how much memory the set may take */
  constructor(bytes: number) {
    this.#most = Math.max(1, Math.floor(bytes / blockBytes));
  }

  /** Whether some numbers had no room. */
  get more(): boolean {
    return this.#to < Infinity;
  }

  wants(id: number): boolean {
    return id >= this.#from && id < this.#to;
  }

  add(id: number): void {
    if (!this.wants(id)) return;
    const number = Math.floor(id / blockIds);
    if (!this.#blocks.has(number) && this.#blocks.size >= this.#most) this.#cut(number);
    if (this.wants(id)) this.#put(number, id);
  }

  /** Adds a number, if that costs none that is there. @returns whether it is in the set */
  offer(id: number): boolean {
    const number = Math.floor(id / blockIds);
    if (!this.#blocks.has(number) && this.#blocks.size >= this.#most) return false;
    this.#put(number, id);
    return true;
  }

  /**
   * Takes the next numbers out, about `count`; none: the round is over. Nothing may be added after the first call.
   * @param end takes blocks of numbers alone that are all below it
   */
  take(count: number, end = Infinity): string[] {
    this.#order ??= Float64Array.from(this.#blocks.keys()).sort();
    const taken: string[] = [];
    while (taken.length < count && this.#at < this.#order.length) {
      const number = this.#order[this.#at] ?? 0;
      if ((number + 1) * blockIds > end) break;
      this.#at++;
      for (const id of this.#ids(number)) taken.push(String(id));
      this.#blocks.delete(number);
    }
    this.size -= taken.length;
    return taken;
  }

  /** Begins a round for the numbers that had no room. */
  again(): void {
    this.#from = this.#to;
    this.#to = Infinity;
    this.#order = undefined;
    this.#at = 0;
  }

  #put(number: number, id: number): void {
    let block = this.#blocks.get(number);
    if (block === undefined) {
      block = new Uint32Array(blockIds / wordBits);
      this.#blocks.set(number, block);
    }
    const word = Math.floor((id % blockIds) / wordBits);
    const bit = 1 << (id % wordBits);
    const before = block[word] ?? 0;
    if ((before & bit) !== 0) return;
    block[word] = before | bit;
    this.size++;
  }

  /** Gives up the half of the blocks with the larger numbers. @param wanted the number of a block that is to be added */
  #cut(wanted: number): void {
    const numbers = Float64Array.from([...this.#blocks.keys(), wanted]).sort();
    const kept = Math.floor(numbers.length / 2);
    this.#to = (numbers[kept] ?? 0) * blockIds;
    for (const number of numbers.subarray(kept)) {
      this.size -= this.#ids(number).length;
      this.#blocks.delete(number);
    }
  }

  #ids(number: number): number[] {
    const ids: number[] = [];
    for (const [word, bits] of (this.#blocks.get(number) ?? []).entries()) {
      if (bits === 0) continue;
      const first = number * blockIds + word * wordBits;
      for (let bit = 0; bit < wordBits; bit++) if (((bits >>> bit) & 1) === 1) ids.push(first + bit);
    }
    return ids;
  }
}
