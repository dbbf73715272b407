import fc from 'fast-check';
import { CopyText } from '../../../src/archive/batch/copy-text';

// Against a real COPY: fidelity.property.test.ts. Here against its documentation, read the other way round.

/** Rows of what COPY would read. */
function read(bytes: Buffer): (string | null)[][] {
  const text = bytes.toString('latin1');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) =>
      line.split('\t').map((cell) => {
        if (cell === '\\N') return null;
        expect(cell).not.toMatch(/^\\\.$|\r/);
        return Buffer.from(
          cell.replace(/\\(.)/gs, (_all, letter: string) => escapes[letter] ?? letter),
          'latin1',
        ).toString('hex');
      }),
    );
}
const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\\', '\t', '\n', '\r', '.', 'N', 'n', 'x', '0', '\v', 'ی', '😀'),
    maxLength: 12,
  }),
);
const anyCell = fc.option(
  anyBytes.map((bytes) => Buffer.from(bytes as string)),
  { freq: 6 },
);

test('COPY reads back what was written, in pieces of any size', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(anyCell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (rows, capacity, piece) => {
        const text = new CopyText(capacity);
        const pieces: Buffer[] = [];
        for (const row of rows) {
          for (const value of row) text.value(value);
          text.endRow();
          if (text.length >= piece) pieces.push(text.take());
        }
        if (text.length > 0) pieces.push(text.take());
        expect(read(Buffer.concat(pieces))).toEqual(
          rows.map((row) => row.map((value) => value?.toString('hex') ?? null)),
        );
      },
    ),
    { numRuns: 1_000 },
  );
});

const written = (...values: (Buffer | string | null)[]) => {
  const text = new CopyText(4);
  for (const value of values) text.value(value);
  text.endRow();
  return text.take().toString();
};

test('what means something to COPY is escaped', () => {
  expect(written(Buffer.from('\\.'))).toBe('\\\\.\n');
  expect(written(Buffer.from('\\N'), null, Buffer.from(''))).toBe('\\\\N\t\\N\t\n');
  expect(written(Buffer.from('C:\\new\r\n\t'))).toBe('C:\\\\new\\r\\n\\t\n');
  expect(written('2026-01-05 14:30:00+00', 'nan')).toBe('2026-01-05 14:30:00+00\tnan\n');
});

test('a piece that was taken is not written to again', () => {
  const text = new CopyText(8);
  text.value(Buffer.from('first')).endRow();
  const taken = text.take();
  text.value(Buffer.from('other')).endRow();
  expect(taken.toString()).toBe('first\n');
  expect(text.length).toBe(6);
});
