import fc from 'fast-check';
import { isUnfit } from '../../../src/archive/record/unfit';
import { parseMember } from '../../../src/archive/record/flat-object';
import { anyText, pythonString } from '../support/any-values';

const parsed = (json: string) =>
  Object.fromEntries([...parseMember(Buffer.from(json))].map(([name, value]) => [name, value.toString()]));

function refusal(json: string | Buffer): string {
  try {
    return `taken: ${String([...parseMember(Buffer.from(json as string))])}`;
  } catch (error) {
    if (!isUnfit(error)) throw error;
    return `${error.code} ${error.column ?? 'no column'}`;
  }
}

test('a member as Python writes it', () => {
  const json =
    '{"epoch": 3, "step": null, "metric_name": "val:loss", "metric_value": 1e-07, "split": "val", "timestamp": "2026-01-05T14:30:00.000001"}';
  expect(parsed(json)).toEqual({
    ...{ epoch: '3', metric_name: 'val:loss', metric_value: '1e-07', split: 'val' },
    timestamp: '2026-01-05T14:30:00.000001',
  });
});

test('numbers keep their digits, NaN and infinities are numbers', () => {
  for (const number of ['1152921504606846977', '1.0', '1', '1e-07', '-0.0', 'NaN', 'Infinity', '-Infinity'])
    expect(parsed(`{"metric_value": ${number}}`)).toEqual({ metric_value: number });
});

test('any text survives, escaped or not, as a name and as a value', () => {
  fc.assert(
    fc.property(anyText, anyText, fc.boolean(), (name, value, ascii) => {
      const json = `{${pythonString(name, ascii)}: ${pythonString(value, ascii)}}`;
      expect([...parseMember(Buffer.from(json))]).toEqual([[name, Buffer.from(value)]]);
    }),
    { numRuns: 500 },
  );
});

test('what JSON.parse takes is taken, with the same strings and numbers', () => {
  fc.assert(
    fc.property(
      fc.dictionary(anyText, fc.jsonValue()),
      fc.constantFrom(undefined, 1, '\t'),
      (object, indent) => {
        const fields = parseMember(Buffer.from(JSON.stringify(object, null, indent)));
        for (const [name, value] of Object.entries(object)) {
          if (value === null) expect(fields.has(name)).toBe(false);
          else if (typeof value !== 'object')
            expect(fields.get(name)?.toString()).toBe(String(JSON.parse(JSON.stringify(value))));
        }
      },
    ),
  );
});

test.each([
  '',
  ' ',
  '{',
  '}',
  '{}}',
  '{not json',
  '[1]',
  'null',
  '"text"',
  '{"a"}',
  '{"a": }',
  '{"a": 1,}',
  '{"a": 1 "b": 2}',
  '{"a": [1}',
  '{"a": "open}',
  '{"a": "bad \\x escape"}',
  '{"a": "line\nbreak"}',
  "{'a': 1}",
])('%j is no member', (json) => {
  expect(refusal(json)).toBe('22P02 no column');
});

test('half of a surrogate pair is refused, with its column; a whole one is a character', () => {
  expect(refusal('{"metric_name": "\\ud83d"}')).toBe('22P02 metric_name');
  expect(parsed('{"metric_name": "\\ud83d\\ude00"}')).toEqual({ metric_name: '😀' });
});

test('what is nested stays as written, for its column to refuse', () => {
  expect(parsed('{"metric_value": {"a": [1, "}"]}, "epoch": 1}')).toEqual({
    metric_value: '{"a": [1, "}"]}',
    epoch: '1',
  });
});

test('a string of megabytes is read', () => {
  const long = 'x'.repeat(10 * 1024 * 1024);
  expect(parseMember(Buffer.from(`{"metric_name": "${long}"}`)).get('metric_name')?.length).toBe(long.length);
});
