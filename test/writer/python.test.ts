import fc from 'fast-check';
import { pythonJson, pythonNumber, pythonText, pythonTime } from '../../src/writer/python';
import { parsePythonJson, readJson } from '../../src/writer/tolerant-json';

test.each([
  ...([
    [1, '1'],
    [-0, '-0.0'],
    [0.1, '0.1'],
    [1e-4, '0.0001'],
    [1e-5, '1e-05'],
    [-1.5e-7, '-1.5e-07'],
  ] as const),
  ...([
    [123456.789, '123456.789'],
    [1e15 + 0.5, '1000000000000000.5'],
    [1e16, '1e+16'],
  ] as const),
  ...([
    [1e100, '1e+100'],
    [5e-324, '5e-324'],
    [NaN, 'nan'],
    [-Infinity, '-inf'],
    [2n ** 60n + 1n, '1152921504606846977'],
  ] as const),
])('%p prints as %s', (value, text) => {
  expect(pythonNumber(value)).toBe(text);
});

test('a printed number is the number', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = pythonNumber(value).replace('nan', 'NaN').replace('inf', 'Infinity');
      expect(Number(text)).toBe(value);
    }),
  );
});

test('JSON has Python’s separators and escapes, and leaves out what JSON.stringify does', () => {
  const when = new Date('2026-01-01T00:00:00.120Z');
  const value = { a: [1, undefined, NaN], ب: '😀"\n\u007f/', c: undefined, d: null, e: when, f: {} };
  expect(pythonJson(value)).toBe(
    '{"a": [1, null, NaN], "\\u0628": "\\ud83d\\ude00\\"\\n\\u007f/", "d": null, "e": "2026-01-01T00:00:00.120Z", "f": {}}',
  );
});

test('JSON that Python writes is read back as the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.double(), (value, number) => {
      const whole = { value, number, infinite: [Infinity, '-Infinity', 'NaN', '\u0001NaN'] };
      expect(parsePythonJson(pythonJson(whole))).toEqual(whole);
    }),
  );
});

test('what is no JSON is read as the text it is', () => {
  for (const text of ['{not json', '', 'NaNs', '[NaN', "{'a': 1}"]) expect(readJson(text)).toBe(text);
  expect(readJson('NaN')).toBeNaN();
});

test('hyperparameters print as str() does', () => {
  expect([true, false, null, 1e-5, 'x', [1, 'a'], { a: 1 }].map(pythonText)).toEqual([
    ...['True', 'False', 'None', '1e-05', 'x', '[1, "a"]', '{"a": 1}'],
  ]);
});

test('times are naive UTC, the fraction absent when zero', () => {
  expect(pythonTime(new Date('2026-01-01T03:30:00.120+03:30'))).toBe('2026-01-01T00:00:00.120000');
  expect(pythonTime(new Date('2026-01-01T00:00:00Z'))).toBe('2026-01-01T00:00:00');
});
