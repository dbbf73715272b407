/** Ids that share a block: so few that a block is an object of its own, and nothing more. */
const blockIds = 512;
const wordBits = 32;
/** About what a block takes. */
const blockBytes = 216;

/**
 * Numbers up to 2^53, to be taken out in rising order, in bounded memory: where there are too many, only the smallest are kept, and
 * the others have to be added once more. A bit each, as long as they are close to each other.
 */
export class IdSet {
  readonly #most: number;
  readonly #blocks = new Map<number, Uint32Array>();
  /** What is below was taken in an earlier round; what is not below `#to` has no room in this one. */
  #from = 0;
  #to = Infinity;
  /** Numbers of the blocks, once they are taken out. */
  #order: Float64Array | undefined;
  #at = 0;
  size = 0;

  /** @param bytes what they may take, about */
  constructor(bytes: number) {
    this.#most = Math.max(1, Math.floor(bytes / blockBytes));
  }

  /** Whether some had no room. */
  get more(): boolean {
    return this.#to < Infinity;
  }

  wants(id: number): boolean {
    return id >= this.#from && id < this.#to;
  }

  add(id: number): void {
    if (!this.wants(id)) return;
    const number = Math.floor(id / blockIds);
    let block = this.#blocks.get(number);
    if (block === undefined) {
      if (this.#blocks.size >= this.#most) this.#cut(number);
      if (!this.wants(id)) return;
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

  /** The next ones, about `count`; none: that was all of this round. Nothing is added any more. */
  take(count: number): string[] {
    this.#order ??= Float64Array.from(this.#blocks.keys()).sort();
    const taken: string[] = [];
    while (taken.length < count && this.#at < this.#order.length) {
      const number = this.#order[this.#at++] ?? 0;
      for (const id of this.#ids(number)) taken.push(String(id));
      this.#blocks.delete(number);
    }
    this.size -= taken.length;
    return taken;
  }

  /** Begins a round for those that had no room. */
  again(): void {
    this.#from = this.#to;
    this.#to = Infinity;
    this.#order = undefined;
    this.#at = 0;
  }

  /** Gives up the larger half of the blocks. @param wanted one more */
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
