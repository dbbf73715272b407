import type { Value } from '../record/decode';

const [tab, newline, carriageReturn, backslash] = [0x09, 0x0a, 0x0d, 0x5c];

/** Flags for unusual bytes that were seen; combined with |. */
export const sawNul = 1;
export const sawHigh = 2;

/** What each byte means: 0, nothing special; the letter that stands for it after a backslash; or a flag, which is less than any letter. */
const meanings = new Uint8Array(256).fill(sawHigh, 0x80);
meanings[0] = sawNul;
meanings[tab] = 0x74;
meanings[newline] = 0x6e;
meanings[carriageReturn] = 0x72;
meanings[backslash] = backslash;

/** What one large value took is not set aside for the next text. */
const mostCapacity = 1 << 18;

/**
 * Rows in the text format of COPY. Bytes are copied, not decoded: only backslash, tab, newline and carriage return mean
 * anything there, and none of them occurs inside a multi-byte UTF-8 sequence.
 */
export class CopyText {
  #bytes: Buffer;
  #length = 0;
  #startsRow = true;

  /** @param capacity how many bytes to begin with: most texts are short, and a large buffer for each would keep the garbage collector busy */
  constructor(capacity = 1 << 12) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a value. A string must be plain ASCII without control characters or backslashes. */
  value(value: Value): this {
    if (value === null) {
      this.#begin(2);
      this.#bytes[this.#length++] = backslash;
      this.#bytes[this.#length++] = 0x4e;
    } else if (typeof value === 'string') {
      this.#begin(value.length);
      this.#length += this.#bytes.write(value, this.#length, 'latin1');
    } else this.window(value, 0, value.length);
    return this;
  }

  /** Adds a value that is a part of longer bytes. @returns the unusual bytes in it: sawNul, sawHigh */
  window(source: Buffer, from: number, to: number): number {
    this.#begin((to - from) * 2);
    const bytes = this.#bytes;
    let at = this.#length;
    let seen = 0;
    for (let index = from; index < to; index++) {
      const byte = source[index] ?? 0;
      const meaning = meanings[byte] ?? 0;
      if (meaning > sawHigh) {
        bytes[at++] = backslash;
        bytes[at++] = meaning;
      } else {
        seen |= meaning;
        bytes[at++] = byte;
      }
    }
    this.#length = at;
    return seen;
  }

  /** Adds ASCII, as `value` takes it, to the end of the last value. */
  append(text: string): void {
    this.#reserve(text.length);
    for (let index = 0; index < text.length; index++) this.#bytes[this.#length++] = text.charCodeAt(index);
  }

  endRow(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = newline;
    this.#startsRow = true;
  }

  /** Forgets everything after the first `length` bytes, which end with a row. */
  cut(length: number): void {
    this.#length = length;
    this.#startsRow = true;
  }

  /** Takes the text so far, and starts over: the caller owns the bytes. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(Math.min(this.#bytes.length, mostCapacity));
    this.#length = 0;
    return taken;
  }

  /** Makes room for a value. */
  #begin(most: number): void {
    this.#reserve(most + 1);
    if (this.#startsRow) this.#startsRow = false;
    else this.#bytes[this.#length++] = tab;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
