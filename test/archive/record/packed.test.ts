import fc from 'fast-check';
import { pack, PackedError, unpack } from '../../../src/archive/record/packed';

const value = fc.option(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  { nil: undefined },
);

test('unpack gives back what pack was given', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), (values) => {
      expect(unpack(pack(values))).toEqual(values);
    }),
  );
});

test('values are windows into the packed bytes', () => {
  const packed = pack(['a', 'long enough']);
  expect(unpack(packed)[1]?.buffer).toBe(packed.buffer);
});

test('text counts in bytes', () => {
  expect(pack(['سلام', undefined, '', '😀']).toString()).toBe('8 - 0 4\nسلام😀');
});

test.each([
  ...[
    '',
    '\n',
    '1',
    '1\n',
    '0',
    '1\nab',
    '2\na',
    '-1\na',
    '+1\na',
    '01\na',
    '1 \na',
    ' 1\na',
    '1  1\nab',
    '1,1\nab',
  ],
  ...[
    '--\n',
    '-1 \n',
    '1e0\na',
    '1\r\na',
    'x\na',
    '\u0001\na',
    '-',
    '- -',
    `${'9'.repeat(400)}\na`,
    '1 -\n',
    '- - \n',
  ],
])('malformed bytes are refused: %j', (text) => {
  expect(() => unpack(Buffer.from(text))).toThrow(PackedError);
});

test('any bytes are unpacked into what packs to them again, or refused', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc
      .string({ unit: fc.constantFrom('0', '1', '2', ' ', '-', '\n', 'a'), maxLength: 12 })
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      const packed = Buffer.from(input);
      let values: (Buffer | undefined)[];
      try {
        values = unpack(packed);
      } catch (error) {
        expect(error).toBeInstanceOf(PackedError);
        return;
      }
      expect(pack(values)).toEqual(packed);
    }),
    { numRuns: 2_000 },
  );
});
