import type { Value } from './decode';

const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const letterN = 0x4e;
const letterR = 0x72;
const letterT = 0x74;
const letterLowerN = 0x6e;

/**
 * Rows in the text format of COPY. Bytes are copied, not decoded: only backslash, tab, newline and carriage return mean
 * anything there, and none of them occurs inside a multi-byte UTF-8 sequence.
 */
export class CopyText {
  #bytes: Buffer;
  #length = 0;
  #startsRow = true;

  constructor(capacity = 1 << 16) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** A string must be plain ASCII without control characters or backslashes. */
  value(value: Value): this {
    if (this.#startsRow) this.#startsRow = false;
    else this.#separate(tab);
    if (value === null) {
      this.#reserve(2);
      this.#bytes[this.#length++] = backslash;
      this.#bytes[this.#length++] = letterN;
    } else if (typeof value === 'string') {
      this.#reserve(value.length);
      this.#length += this.#bytes.write(value, this.#length, 'latin1');
    } else this.#escape(value);
    return this;
  }

  /** Columns that were encoded before, see `copy`. */
  encoded(columns: Buffer): this {
    if (this.#startsRow) this.#startsRow = false;
    else this.#separate(tab);
    this.#reserve(columns.length);
    this.#length += columns.copy(this.#bytes, this.#length);
    return this;
  }

  endRow(): void {
    this.#separate(newline);
    this.#startsRow = true;
  }

  /** Everything so far, and starts over: the caller owns the bytes. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(this.#bytes.length);
    this.#length = 0;
    return taken;
  }

  /** A copy of the columns so far, for `encoded`, and starts over. */
  copy(): Buffer {
    const columns = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    this.#startsRow = true;
    return columns;
  }

  #separate(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #escape(value: Buffer): void {
    this.#reserve(value.length * 2);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let index = 0; index < value.length; index++) {
      const byte = value[index] ?? 0;
      if (byte > backslash || (byte > carriageReturn && byte < backslash)) bytes[at++] = byte;
      else if (byte === backslash || byte === newline || byte === carriageReturn || byte === tab) {
        bytes[at++] = backslash;
        bytes[at++] = letterOf(byte);
      } else bytes[at++] = byte;
    }
    this.#length = at;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

function letterOf(byte: number): number {
  if (byte === newline) return letterLowerN;
  if (byte === carriageReturn) return letterR;
  return byte === tab ? letterT : backslash;
}
