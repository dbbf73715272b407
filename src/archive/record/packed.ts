/**
 * The packed form in which a stream entry carries records: byte lengths in decimal, separated by single spaces, `-` for an absent
 * value; a line feed; the values, concatenated. Records may follow one another. src/writer/functions/changes.lua writes this form.
 */

const [zero, nine, space, dash, lineFeed] = [0x30, 0x39, 0x20, 0x2d, 0x0a];

/** Thrown for bytes that are no packed record: a stranger's entry, or a cut one. */
export class PackedError extends Error {}

/** The `length` of an absent value. */
export const absent = -1;

/** Walks over packed records without making objects of them. */
export class PackedReader {
  readonly #packed: Buffer;
  /** The lengths of the present record's values; those after `count` are left from an earlier record. */
  readonly lengths: number[] = [];
  count = 0;
  /** Where the values of the present record begin, and where they end: the next record begins there. */
  start = 0;
  end = 0;

  constructor(packed: Buffer) {
    this.#packed = packed;
  }

  /** Goes to the next record; the first call to the first. @returns whether there is one @throws PackedError */
  next(): boolean {
    const packed = this.#packed;
    if (this.end === packed.length) return false;
    let at = this.end;
    let total = 0;
    this.count = 0;
    for (let byte = 0; byte !== lineFeed; at++) {
      const first = at;
      let length = 0;
      byte = packed[at] ?? 0;
      if (byte === dash) {
        length = absent;
        byte = packed[++at] ?? 0;
      } else {
        for (; byte >= zero && byte <= nine; byte = packed[++at] ?? 0) length = length * 10 + byte - zero;
        const digits = at - first;
        if (digits === 0 || (digits > 1 && packed[first] === zero))
          throw new PackedError(`no length at byte ${first}`);
        total += length;
        // This also stops at a length of a hundred digits.
        if (total > packed.length) throw new PackedError(`value ${this.count} goes past the end`);
      }
      if (byte !== space && byte !== lineFeed) throw new PackedError(`byte ${at} ends no length`);
      this.lengths[this.count++] = length;
    }
    if (total > packed.length - at) throw new PackedError('the last value goes past the end');
    this.start = at;
    this.end = at + total;
    return true;
  }

  /** The values of the present record, as windows into the packed bytes. */
  values(): (Buffer | undefined)[] {
    const values: (Buffer | undefined)[] = [];
    let from = this.start;
    for (let index = 0; index < this.count; index++) {
      const length = this.lengths[index] ?? absent;
      if (length === absent) values.push(undefined);
      else values.push(this.#packed.subarray(from, (from += length)));
    }
    return values;
  }
}

/** The values of a single packed record, as windows into `packed`. @throws PackedError */
export function unpack(packed: Buffer): (Buffer | undefined)[] {
  const reader = new PackedReader(packed);
  if (!reader.next()) throw new PackedError('there is no header');
  if (reader.end !== packed.length) {
    throw new PackedError(`${packed.length - reader.end} bytes follow the last value`);
  }
  return reader.values();
}

/** The packed form of values, at least one of them; text becomes UTF-8. */
export function pack(values: readonly (Buffer | string | undefined)[]): Buffer {
  const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const header = bytes.map((value) => (value === undefined ? '-' : String(value.length))).join(' ');
  return Buffer.concat([Buffer.from(`${header}\n`), ...bytes.filter((value) => value !== undefined)]);
}
