import fc from 'fast-check';
import { misfit } from '../../../src/archive/write/misfit';
import { testPostgres } from '../../support/postgres';
import { anyText } from '../support/any-values';

const refused = (type: string, value: string | Buffer): string | undefined =>
  misfit('some_column', type, value)?.code;

test.each([
  ['json', '{not json', '22P02'],
  ['json', '', '22P02'],
  ['jsonb', '{"a": NaN}', '22P02'],
  ['json', '{"a": 1e400, "b": "\\u0000"}', undefined],
  ['text', '{not json', undefined],
  ['double precision', '1e400', '22003'],
  ['double precision', '-1e309', '22003'],
  ['double precision', '1.7976931348623157e308', undefined],
  ['double precision', '-inf', undefined],
  ['double precision', 'nan', undefined],
  ['double precision', 'Infinity', undefined],
  ['integer', '2147483648', '22003'],
  ['integer', '-2147483648', undefined],
  ['smallint', '+32768', '22003'],
  ['bigint', '9223372036854775807', undefined],
  ['bigint', '9223372036854775808', '22003'],
  ['numeric', '9223372036854775808', undefined],
  ['character varying(3)', 'abcd', '22001'],
  ['character varying(3)', 'abc  ', undefined],
  ['character varying(3)', '😀😀😀', undefined],
  ['character varying(3)', '😀😀😀😀', '22001'],
  ['character varying', 'x'.repeat(1_000), undefined],
])('a column of type %s: %j is %s', (type, value, code) => {
  expect(refused(type, Buffer.from(value))).toBe(code);
});

test.each([
  ['{"p": NaN}', 'NaN at $.p,'],
  ['NaN', 'NaN at $,'],
  [
    '{"NaN": "NaN", "Infinity": [1, "\\"NaN", {"a b": {"c": [[], {}, -Infinity]}}]}',
    '-Infinity at $.Infinity[2]["a b"].c[2],',
  ],
  ['[{"x": 1, "y": [0, 1]}, {"x": "y", "z": Infinity, "w": NaN}]', 'Infinity at $[1].z,'],
  ['{"p": "NaN", not json', 'is not JSON'],
  ['{"p": NaN, "q": nan}', 'is not JSON'],
])('%s: the reason says %s', (text, said) => {
  for (const type of ['json', 'jsonb'])
    expect(misfit('input_data', type, Buffer.from(text))?.message).toContain(said);
});

test('a text that would take seconds is not searched: everything would wait', () => {
  expect(misfit('input_data', 'json', Buffer.from(`[${'"x",'.repeat(300_000)}NaN]`))?.message).toContain(
    'is not JSON',
  );
});

test('what it refuses Postgres refuses, too', async () => {
  const { pool } = await testPostgres();
  await pool.query('CREATE TABLE t (json json, "character varying(5)" varchar(5))');
  const cases = fc.sample(
    fc.tuple(
      fc.constantFrom('json', 'character varying(5)'),
      fc.oneof(
        anyText,
        fc.json(),
        fc.json().map((json) => json.replace(/\d/, 'N')),
        fc.json().map((json) => json.slice(1)),
        fc.json({ depthSize: 'medium' }).map((json) => json.replace(/null|true|false/, 'NaN')),
      ),
    ),
    { numRuns: 300 },
  );
  for (const [type, value] of cases) {
    if (refused(type, value) === undefined) continue;
    await expect(pool.query(`INSERT INTO t ("${type}") VALUES ($1)`, [value])).rejects.toMatchObject({
      code: refused(type, value),
    });
  }
});
