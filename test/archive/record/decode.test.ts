import fc from 'fast-check';
import { decode } from '../../../src/archive/record/decode';
import { isUnfit, quote } from '../../../src/archive/record/unfit';
import { instant, microsOf } from '../../../src/archive/record/instant';
import type { Column, Decoder } from '../../../src/mapping/kinds';
import { anyTime } from '../support/any-values';

/** A column: by its decoder alone, or with a value that means none. */
type Some = Decoder | Pick<Column, 'decoder' | 'none'>;
const floatOrNone = { decoder: 'float', none: '0' } as const;
const timeOrNone = { decoder: 'time', none: '' } as const;
const columnOf = (some: Some) => ({
  column: 'some_column',
  ...(typeof some === 'string' ? { decoder: some } : some),
});

const decoded = (some: Some, raw: string | Buffer) => decode(columnOf(some), Buffer.from(raw as string));

/** SQLSTATE and column of the refusal. */
function refusal(some: Some, raw: string | Buffer): string {
  try {
    return `taken: ${String(decoded(some, raw))}`;
  } catch (error) {
    if (!isUnfit(error)) throw error;
    return `${error.code} ${error.column ?? 'no column'}`;
  }
}

test('a field that is not there is NULL, whatever its kind', () => {
  for (const decoder of ['text', 'json', 'integer', 'float', floatOrNone, 'time', timeOrNone] as const)
    expect(decode(columnOf(decoder), undefined)).toBeNull();
});

test('text and JSON pass through byte by byte', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('text' as const, 'json' as const),
      (text, decoder) => {
        fc.pre(!text.includes('\0'));
        expect(decoded(decoder, text)).toEqual(Buffer.from(text));
      },
    ),
  );
});

test('NUL and what is not UTF-8 are refused in every kind of column', () => {
  for (const decoder of ['text', 'json', 'integer', 'float', floatOrNone, 'time', timeOrNone] as const) {
    expect(refusal(decoder, 'a\0b')).toBe('22021 some_column');
    expect(refusal(decoder, Buffer.from([0x61, 0xff]))).toBe('22021 some_column');
    expect(refusal(decoder, Buffer.from([0xed, 0xa0, 0x80]))).toBe('22021 some_column'); // U+D800
  }
});

test('0 means none where the layout says so, however it is written; elsewhere it is a number', () => {
  for (const text of ['0', '0.0', '-0.0', '+0', '0.', '.0', '00', '0e0', '0.00E-5']) {
    expect(decoded(floatOrNone, text)).toBeNull();
    expect(decoded('float', text)).toBe(text);
  }
  expect(decoded('integer', '0')).toBe('0');
  for (const text of ['1e-05', '0.1', '1e-320', '10', '.01', 'nan', 'NaN', 'Infinity', '-inf'])
    expect(decoded(floatOrNone, text)).toBe(text);
});

test('a number keeps its digits', () => {
  fc.assert(
    fc.property(fc.double(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (float, whole) => {
      expect(decoded('float', String(float))).toBe(String(float));
      expect(decoded('integer', String(whole))).toBe(String(whole));
    }),
  );
});

test.each(['', ' 1', '1 ', '1_000', '0x10', '1,5', '1e', 'e5', '.', '-', 'one', 'None', 'True', '١'])(
  '%j is no number',
  (text) => {
    for (const decoder of ['float', floatOrNone, 'integer'] as const)
      expect(refusal(decoder, text)).toBe('22P02 some_column');
  },
);

test('a fraction is no whole number', () => {
  for (const text of ['1.0', '1e3', 'nan', 'inf']) expect(refusal('integer', text)).toBe('22P02 some_column');
});

test('a time is the same text for the same moment, in whatever zone and precision it was written', () => {
  fc.assert(
    fc.property(anyTime, ({ written, utc }) => {
      expect(instant('some_column', Buffer.from(written))).toBe(utc);
      expect(decoded('time', written)).toBe(`${utc}+00`);
      expect(decoded(timeOrNone, written)).toBe(`${utc}+00`);
    }),
    { numRuns: 1_000 },
  );
});

test('a time as a number is that of its text, or none', () => {
  const year2000 = 946_684_800_000n;
  fc.assert(
    fc.property(anyTime, ({ written, utc }) => {
      const micros =
        (BigInt(Date.parse(`${utc.slice(0, 10)}T${utc.slice(11, 19)}Z`)) - year2000) * 1_000n +
        BigInt(utc.slice(20));
      const told = microsOf(Buffer.from(written));
      if (Number.isNaN(told)) expect(Math.abs(Number(micros))).toBeGreaterThan(2 ** 53 - 1);
      else expect(BigInt(told)).toBe(micros);
    }),
  );
  expect(microsOf(Buffer.from('yesterday'))).toBeNaN();
  expect(microsOf(Buffer.from('2026-02-30T00:00:00.000000'))).toBeNaN();
});

test.each([
  ['2026-01-05T14:30:00.5', '2026-01-05 14:30:00.500000'],
  ['2026-01-05 14:30', '2026-01-05 14:30:00.000000'],
  ['2026-01-05T14:30:00.1234567', '2026-01-05 14:30:00.123456'],
  ['2026-01-05T00:00:00+03:30', '2026-01-04 20:30:00.000000'],
  ['2026-12-31T20:00:00.000001-0800', '2027-01-01 04:00:00.000001'],
  ['2024-02-29T12:00:00Z', '2024-02-29 12:00:00.000000'],
  ['0001-01-01T00:00:00', '0001-01-01 00:00:00.000000'],
  ['9999-12-31T23:59:59.999999', '9999-12-31 23:59:59.999999'],
])('%s is %s in UTC', (written, utc) => {
  expect(instant('some_column', Buffer.from(written))).toBe(utc);
});

test.each([
  ['yesterday', '22007'],
  ['now', '22007'],
  ['infinity', '22007'],
  ['', '22007'],
  ['2026-01-05', '22007'],
  ['05/01/2026 14:30:00', '22007'],
  ['1767623400', '22007'],
  ['2026-01-05T14:30:00 Asia/Tehran', '22007'],
  ['2026-13-05T14:30:00', '22008'],
  ['2026-02-29T14:30:00', '22008'],
  ['1900-02-29T14:30:00', '22008'],
  ['2026-01-05T24:00:00', '22008'],
  ['2026-01-05T23:59:60', '22008'],
  ['0000-01-05T00:00:00', '22008'],
  ['0001-01-01T00:00:00+03:30', '22008'],
  ['9999-12-31T23:59:59-0800', '22008'],
  ['2026-01-05T14:30:00+99:00', '22009'],
  ['2026-01-05T14:30:00+03:75', '22009'],
])('%j is refused as a time (%s)', (text, code) => {
  expect(refusal('time', text)).toBe(`${code} some_column`);
});

test('an empty time is none where the layout says so, and refused elsewhere', () => {
  expect(decoded(timeOrNone, '')).toBeNull();
  expect(refusal('time', '')).toBe('22007 some_column');
});

test('a quotation in a message is short and printable', () => {
  expect(quote(Buffer.from('a\0\u001b[31m'))).toBe('"a\\u0000\\u001b[31m"');
  expect(quote('x'.repeat(10_000)).length).toBeLessThan(70);
  expect(quote(Buffer.concat([Buffer.from('😀'.repeat(40)), Buffer.from([0xff])]))).not.toMatch(
    /\p{Surrogate}/u,
  );
});

test('what means none is none, of a number in any spelling and of a text as it is', () => {
  const whole = { decoder: 'integer', none: '-1' } as const;
  expect([decoded(whole, '-1'), decoded(whole, '-01'), decoded(whole, '0')]).toEqual([null, '-01', '0']);
  expect(decoded({ decoder: 'integer', none: '0' }, '-00')).toBeNull();
  const unknown = { decoder: 'text', none: 'ناشناس' } as const;
  expect([decoded(unknown, 'ناشناس'), decoded(unknown, '')]).toEqual([null, Buffer.from('')]);
  expect(decoded({ decoder: 'text', none: '0' }, '0.0')).toEqual(Buffer.from('0.0'));
});
