import fc from 'fast-check';
import { pack } from '../../../src/archive/record/packed';
import { repack } from '../../../src/archive/truth/repack';

/** What cmsgpack.pack of Redis makes of a list of lists of strings. */
const message = (records: readonly (readonly (Buffer | undefined)[])[]): Buffer =>
  Buffer.concat([
    list(records.length),
    ...records.flatMap((values) => [list(values.length), ...values.map(text)]),
  ]);

const list = (length: number): Buffer =>
  length < 16 ? Buffer.from([0x90 | length]) : Buffer.from([0xdc, length >> 8, length & 0xff]);

function text(value: Buffer | undefined): Buffer {
  if (value === undefined) return Buffer.from([0xc2]);
  const { length } = value;
  const head = Buffer.alloc(5);
  if (length < 32) return Buffer.concat([Buffer.from([0xa0 | length]), value]);
  if (length < 256) return Buffer.concat([Buffer.from([0xd9, length]), value]);
  if (length < 65_536) {
    head.writeUInt16BE(length, 1);
    head[0] = 0xda;
    return Buffer.concat([head.subarray(0, 3), value]);
  }
  head.writeUInt32BE(length, 1);
  head[0] = 0xdb;
  return Buffer.concat([head, value]);
}

const lengths = [0, 1, 9, 10, 31, 32, 99, 100, 255, 256, 999, 65_535, 65_536, 1_000_000];
const value = fc.oneof(
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

test('records that come as a message are packed as everywhere else: id, creation time of the parent, fields', () => {
  const record = fc.tuple(
    fc.stringMatching(/^[0-9]{1,20}$/),
    fc.array(value, { minLength: 7, maxLength: 7 }),
    value,
  );
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const values = records.map(([, fields, born]) => [...fields, born]);
      const sent = [values.slice(0, 25), values.slice(25)].filter((some) => some.length > 0).map(message);
      const packed = Buffer.concat(records.map(([id, fields, born]) => pack([id, born, ...fields])));
      expect(repack(sent, records.map(([id]) => id)).equals(packed)).toBe(true); // prettier-ignore
    }),
  );
});

test.each(lengths)('a value of %s bytes', (length) => {
  const long = Buffer.alloc(length, 'x');
  expect(repack([message([[long, long]])], ['7']).equals(pack(['7', long, long]))).toBe(true);
});

test('a message that is cut, or of other records, is refused', () => {
  const sent = message([[Buffer.from('abc'), Buffer.from('d')]]);
  expect(() => repack([sent], ['1', '2'])).toThrow('1 records came for 2 ids');
  for (let end = 1; end < sent.length; end++) expect(() => repack([sent.subarray(0, end)], ['1'])).toThrow();
});
