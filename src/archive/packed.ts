/**
 * The packed form in which a stream entry carries a record: byte lengths in decimal, separated by single spaces, `-` for an absent
 * value; a line feed; the values, concatenated. See src/writer/functions/changes.lua, which writes it.
 */

const [zero, nine, space, dash, lineFeed] = [0x30, 0x39, 0x20, 0x2d, 0x0a];

/** Thrown for bytes that are no packed record: a stranger's entry, or a cut one. */
export class PackedError extends Error {}

/** The values, in order, as windows into `packed`: they are valid as long as it is. @throws PackedError */
export function unpack(packed: Buffer): (Buffer | undefined)[] {
  const header = packed.indexOf(lineFeed);
  if (header < 1) throw new PackedError('there is no header');
  const values: (Buffer | undefined)[] = [];
  let from = header + 1;
  for (let at = 0; at <= header; at++) {
    let byte = packed[at] ?? 0;
    if (byte === dash) {
      values.push(undefined);
      at++;
    } else {
      const first = at;
      let length = 0;
      for (; byte >= zero && byte <= nine; byte = packed[++at] ?? 0) length = length * 10 + byte - zero;
      const digits = at - first;
      if (digits === 0 || (digits > 1 && packed[first] === zero))
        throw new PackedError(`no length at byte ${first}`);
      // Also keeps a length of a hundred digits from being anything but too long.
      if (length > packed.length - from) throw new PackedError(`value ${values.length} goes past the end`);
      values.push(packed.subarray(from, from + length));
      from += length;
    }
    if (packed[at] !== (at < header ? space : lineFeed)) throw new PackedError(`byte ${at} ends no length`);
  }
  if (from !== packed.length) throw new PackedError(`${packed.length - from} bytes follow the last value`);
  return values;
}

/** The packed form of these values; text as UTF-8. At least one. */
export function pack(values: readonly (Buffer | string | undefined)[]): Buffer {
  const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const header = bytes.map((value) => (value === undefined ? '-' : String(value.length))).join(' ');
  return Buffer.concat([Buffer.from(`${header}\n`), ...bytes.filter((value) => value !== undefined)]);
}
