const [space, dash, lineFeed, zero] = [0x20, 0x2d, 0x0a, 0x30];

/** Where the values of the record in hand are; -1: there is none. Written over with each record. */
const starts: number[] = [];
const lengths: number[] = [];

/**
 * What read-packed.lua answers -> the packed form (packed.ts): of each record its id, the creation time of its parent, then the fields.
 * @param messages lists in the form of cmsgpack @param ids of the records, in their order; latin1
 */
export function repack(messages: readonly Buffer[], ids: readonly string[]): Buffer {
  const size = messages.reduce((sum, { length }) => sum + length, 0);
  let packed: Buffer = Buffer.allocUnsafe(size + ids.length * mostAdded);
  let at = 0;
  let next = 0;
  for (const message of messages) {
    const reader = new MessageReader(message);
    for (let left = reader.list(); left > 0; left--) {
      const id = ids[next++] ?? '';
      const values = reader.list();
      let bytes = id.length;
      for (let index = 0; index < values; index++) {
        const length = (lengths[index] = reader.string());
        starts[index] = reader.at;
        if (length > 0) reader.at += length;
        bytes += Math.max(length, 0);
      }
      if (reader.at > message.length) throw new Error('the last value goes past the end');
      packed = withRoom(packed, at, bytes + (values + 1) * mostDigits);
      at = printLength(packed, at, id.length, space);
      at = printLength(packed, at, lengths[values - 1] ?? -1, space);
      for (let index = 0; index < values - 1; index++)
        at = printLength(packed, at, lengths[index] ?? -1, index === values - 2 ? lineFeed : space);
      at += packed.write(id, at, 'latin1');
      at = copyValue(message, values - 1, packed, at);
      for (let index = 0; index < values - 1; index++) at = copyValue(message, index, packed, at);
    }
  }
  if (next !== ids.length) throw new Error(`${next} records came for ${ids.length} ids`);
  return packed.subarray(0, at);
}

/** By so many bytes, of lengths and its id, a record of some fields grows at the most: large ones are not to be moved for want of them. */
const mostAdded = 200;
/** Of a length, and what follows it. */
const mostDigits = 11;

function withRoom(packed: Buffer, used: number, more: number): Buffer {
  if (used + more <= packed.length) return packed;
  const larger = Buffer.allocUnsafe(Math.max(packed.length * 2, used + more));
  packed.copy(larger, 0, 0, used);
  return larger;
}

function printLength(to: Buffer, at: number, length: number, end: number): number {
  if (length < 0) to[at++] = dash;
  else {
    let power = 1;
    while (length >= power * 10) power *= 10;
    for (; power >= 1; power /= 10) to[at++] = zero + (Math.floor(length / power) % 10);
  }
  to[at++] = end;
  return at;
}

/** From so many bytes on a call into C++ costs less than a loop. */
const manyBytes = 100;

function copyValue(from: Buffer, index: number, to: Buffer, at: number): number {
  const length = lengths[index] ?? -1;
  const start = starts[index] ?? 0;
  if (length < manyBytes) for (let byte = 0; byte < length; byte++) to[at + byte] = from[start + byte] ?? 0;
  else from.copy(to, at, start, start + length);
  return at + Math.max(length, 0);
}

/** Reads what cmsgpack makes of lists of strings. */
class MessageReader {
  readonly #message: Buffer;
  at = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** How many elements follow. */
  list(): number {
    const first = this.#message[this.at++] ?? 0;
    if ((first & 0xf0) === 0x90) return first & 0x0f;
    if (first === 0xdc) return this.#number(2);
    if (first === 0xdd) return this.#number(4);
    throw new Error(`byte ${first} begins no list`);
  }

  /** How many bytes follow; -1: `false`. */
  string(): number {
    const first = this.#message[this.at++] ?? 0;
    if ((first & 0xe0) === 0xa0) return first & 0x1f;
    if (first === 0xc2) return -1;
    if (first === 0xd9) return this.#number(1);
    if (first === 0xda) return this.#number(2);
    if (first === 0xdb) return this.#number(4);
    throw new Error(`byte ${first} begins no string`);
  }

  #number(bytes: 1 | 2 | 4): number {
    const number = this.#message.readUIntBE(this.at, bytes);
    this.at += bytes;
    return number;
  }
}
