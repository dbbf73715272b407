import { randomInt } from 'node:crypto';

/** How many names are known: each takes 8 bytes, and as many again while they are sorted. */
const most = 1_000_000;

/** Tells of the name that stands there whether the walk has come by it. */
export type IsWalked = (bytes: Buffer, from: number, to: number) => boolean;

/**
 * The names that a pass has walked, as long as they are few enough: a key that has one of them is not stale, and SQLite need not be
 * asked for it. (One whose row went after the walk came by is another change of the meantime: the log has it, or the next pass.)
 *
 * Known of each is a mark of 53 bits, made with a number that is another one in each pass. That one of a million stale keys has the mark of one of
 * a million names comes to pass once in ten thousand passes; it is deleted by the next one then.
 */
export class WalkedNames {
  readonly #seed = randomInt(2 ** 32);
  readonly #pages = new Map<string, Float64Array[]>();
  readonly #sorted = new Map<string, Float64Array>();
  #names = 0;

  /** @param names a page of the walk, the first one if there was none of this mapping since `forget` */
  add(type: string, names: readonly string[]): void {
    this.#names += names.length;
    if (this.#names > most) {
      this.forget();
      return;
    }
    const pages = this.#pages.get(type) ?? [];
    pages.push(Float64Array.from(names, (name) => markOf(name, this.#seed)));
    this.#pages.set(type, pages);
  }

  /** Lets go of what is known of a mapping, whose walk was given up; or of all. */
  forget(type?: string): void {
    if (type === undefined) this.#pages.clear();
    else this.#pages.delete(type);
  }

  /** To be called after the walks. @returns undefined: of this mapping nothing is known */
  of(type: string): IsWalked | undefined {
    const pages = this.#pages.get(type);
    if (pages === undefined) return undefined;
    const marks = this.#sorted.get(type) ?? sorted(pages);
    this.#sorted.set(type, marks);
    return (bytes, from, to) => has(marks, markAt(bytes, from, to, this.#seed));
  }
}

/** The mark of a text: that of its bytes. */
function markOf(text: string, seed: number): number {
  let [one, other] = [seed ^ 0x5eadbeef, seed ^ 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) {
      const bytes = Buffer.from(text);
      return markAt(bytes, 0, bytes.length, seed);
    }
    one = Math.imul(one ^ code, 0x9e3779b1);
    other = Math.imul(other ^ code, 0x5f356495);
  }
  return mixed(one, other);
}

function markAt(bytes: Buffer, from: number, to: number, seed: number): number {
  let [one, other] = [seed ^ 0x5eadbeef, seed ^ 0x41c6ce57];
  for (let at = from; at < to; at++) {
    const code = bytes[at] ?? 0;
    one = Math.imul(one ^ code, 0x9e3779b1);
    other = Math.imul(other ^ code, 0x5f356495);
  }
  return mixed(one, other);
}

/** Both halves as one number: 32 bits and 21. (A multiplication alone moves nothing from the high bits to the low ones.) */
function mixed(one: number, other: number): number {
  const low = Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(other ^ (other >>> 13), 0xc2b2ae35);
  const high = Math.imul(other ^ (other >>> 16), 0x85ebca6b) ^ Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

function sorted(pages: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(pages.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const page of pages) {
    all.set(page, at);
    at += page.length;
  }
  return all.sort();
}

function has(marks: Float64Array, mark: number): boolean {
  let [from, to] = [0, marks.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((marks[middle] ?? 0) < mark) from = middle + 1;
    else to = middle;
  }
  return marks[from] === mark;
}
