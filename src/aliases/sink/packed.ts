import { isUtf8 } from 'node:buffer';

/*
 * Many texts as one: an array of MessagePack, which Redis' scripts read and write (cmsgpack). A thousand arguments, or a thousand values of a reply, cost
 * both sides more than what is done with them; and cjson takes three times as long over them.
 */

/** What stands before a text of so many bytes, a character for each byte. */
function header(bytes: number): string {
  if (bytes < 32) return String.fromCharCode(0xa0 | bytes);
  if (bytes < 2 ** 8) return String.fromCharCode(0xd9, bytes);
  if (bytes < 2 ** 16) return `\xda${numberOf(bytes, 2)}`;
  return `\xdb${numberOf(bytes, 4)}`;
}

function numberOf(value: number, bytes: 2 | 4): string {
  const number = Buffer.alloc(bytes);
  number.writeUIntBE(value, 0, bytes);
  return number.toString('latin1');
}

const headers = Array.from({ length: 2 ** 8 }, (_, bytes) => header(bytes));

export function pack(texts: readonly (string | Buffer)[]): Buffer {
  const all = texts.join('');
  const ascii = Buffer.byteLength(all) === all.length;
  let packed = `\xdd${numberOf(texts.length, 4)}`;
  for (const text of texts) {
    const bytes = ascii ? String(text) : Buffer.from(text).toString('latin1');
    packed += (headers[bytes.length] ?? header(bytes.length)) + bytes;
  }
  return Buffer.from(packed, 'latin1');
}

/** Tells where each text begins and ends. */
export function eachText(packed: Buffer, tell: (from: number, to: number) => void): void {
  let at = startOf(packed);
  while (at < packed.length) {
    const from = at + headerBytes(packed, at);
    at = endOf(packed, at);
    tell(from, at);
  }
}

/** How texts that Redis has packed are, against ours: 'absent' where it has false. Both packed the shortest way, the same texts are the same bytes. */
export function comparePacked(found: Buffer, wanted: Buffer): ('absent' | 'same' | 'different')[] {
  let [at, wantedAt] = [startOf(found), startOf(wanted)];
  const all = found.subarray(at).equals(wanted.subarray(wantedAt));
  const count = wanted.readUInt32BE(1);
  return Array.from({ length: count }, () => {
    if (all) return 'same';
    const [from, wantedFrom] = [at, wantedAt];
    at = endOf(found, at);
    wantedAt = endOf(wanted, wantedAt);
    if (found[from] === isFalse) return 'absent';
    return found.compare(wanted, wantedFrom, wantedAt, from, at) === 0 ? 'same' : 'different';
  });
}

const isFalse = 0xc2;

/** Where the first text of an array stands. */
const startOf = ([kind]: Buffer): number => (kind === 0xdd ? 5 : kind === 0xdc ? 3 : 1);

function headerBytes(packed: Buffer, at: number): number {
  const type = packed[at] ?? 0;
  if (type <= isFalse) return 1;
  return type === 0xd9 ? 2 : type === 0xda ? 3 : 5;
}

function endOf(packed: Buffer, at: number): number {
  const type = packed[at] ?? 0;
  const from = at + headerBytes(packed, at);
  if (type === isFalse) return from;
  return from + (type < isFalse ? type & 0x1f : packed.readUIntBE(at + 1, from - at - 1));
}

/** Reads texts from their places; a Buffer where the bytes are not valid UTF-8. What it gives holds all of the packed ones in memory. */
export function textsIn(packed: Buffer): (from: number, to: number) => string | Buffer {
  const all = packed.toString('latin1');
  return (from, to) => {
    const text = all.slice(from, to);
    if (!/[\x80-\xff]/.test(text)) return text;
    const bytes = packed.subarray(from, to);
    return isUtf8(bytes) ? bytes.toString() : bytes;
  };
}
