import fc from 'fast-check';
import { Batch } from '../../../src/archive/batch/batch';
import { CarriedCopy } from '../../../src/archive/batch/carried-copy';
import { CopyText } from '../../../src/archive/batch/copy-text';
import { pack } from '../../../src/archive/record/packed';
import { kinds } from '../../support/nine-kinds';

// What carried-copy.ts makes of bytes, beside what row.ts makes of the same ones.

const versions: Readonly<Record<string, string>> = { '1': '11', '2': '22', '12': '1212' };
const created = '2026-01-05T14:30:00.500000';
const known = (kind: string, identity: { id: string; created: string }) =>
  kind === 'version' && identity.created.startsWith('2026-01-05 14:30:00.5')
    ? versions[identity.id]
    : undefined;

const carried = (value: Buffer) =>
  ({ kind: kinds.prediction, value, from: { entryId: '1-1', pair: 0 } }) as const;

/** The text that rows make, or undefined when one of them cannot be a row. */
function byRows(value: Buffer): string | undefined {
  const batch = new Batch();
  batch.addCarried(carried(value), () => undefined);
  if (batch.letters.length > 0) return undefined;
  const text = new CopyText();
  for (const { id, references, values } of batch.of('prediction')) {
    const [reference] = references;
    const pgId =
      reference?.created === undefined
        ? undefined
        : known('version', { ...reference, created: reference.created });
    if (pgId === undefined) return undefined;
    text.value(pgId).value(id);
    for (const one of values) text.value(one);
    text.endRow();
  }
  return text.take().toString('latin1');
}

/** A time may keep the T of ISO 8601, which Postgres reads as well. */
const withoutT = (text: string | undefined) => text?.replace(/(\d{4}-\d\d-\d\d)T(\d\d:)/g, '$1 $2');

function byCopy(...values: readonly Buffer[]): {
  readonly taken: readonly boolean[];
  readonly text: string;
  readonly copy: CarriedCopy;
} {
  const copy = new CarriedCopy(kinds.prediction, known);
  const taken = values.map((value) => copy.add(carried(value)));
  return { taken, text: Buffer.concat(copy.pieces).toString('latin1'), copy };
}

const regular = [
  '7',
  created,
  '1',
  '{"a": 1}',
  '{}',
  '0.93',
  '12.5',
  '2026-02-28T23:59:59.000001',
  '{}',
] as const;
const withValue = (at: number, value: string | Buffer | undefined) =>
  pack(regular.map((one, index) => (index === at ? value : one)));

const anyId = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('0', '01', '', 'x', '-1', '999999999999999', '1000000000000000', '9223372036854775808'),
);
const anyJson = fc.oneof(
  fc.json(),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('', '{"متن": "😀"}', '"\\\\"', '"\t\r\n"', '\\.', '\\N', '\u0000'),
);
const anyNumber = fc.oneof(
  fc.double().map(String),
  fc.string({ unit: fc.constantFrom('0', '1', '.', '-', '+', 'e'), maxLength: 6 }),
  fc.constantFrom(
    '',
    '0',
    '0.0',
    '-0',
    '1e-05',
    '1E5',
    'nan',
    'inf',
    '-.5',
    '5.',
    '.',
    '-',
    '1_0',
    '0x1',
    ' 1',
  ),
);
const anyTime = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => `${date.toISOString().slice(0, -1)}000`),
  fc.constantFrom(
    '',
    created,
    '2026-02-29T00:00:00.000000',
    '2026-01-01T24:00:00.000000',
    '0000-01-01T00:00:00.000000',
  ),
  fc.constantFrom(
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00.5+03:30',
    '2026-01-01T00:00:00.00000x',
  ),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 20 });
const mostly = <T>(usual: string, value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: optional(value) });

const anyRecord = fc
  .tuple(
    ...[
      mostly('7', anyId),
      mostly(created, anyTime),
      mostly('12', fc.oneof(fc.constantFrom('1', '2', '3'), anyId)),
    ],
    ...[mostly('{}', anyJson), mostly('[]', anyJson), mostly('0.5', anyNumber), mostly('3', anyNumber)],
    ...[mostly(created, anyTime), mostly('{}', anyJson)],
  )
  .map((values) => pack(values as (string | Buffer | undefined)[]));

test('what is taken is what rows would make of it, and nothing is taken that they would refuse', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.array(
        fc.array(anyRecord, { minLength: 1, maxLength: 3 }).map((records) => Buffer.concat(records)),
        { maxLength: 4 },
      ),
      (values) => {
        const found = byCopy(...values);
        const expected = values.filter((_value, index) => found.taken[index]).map(byRows);
        expect(expected).not.toContain(undefined);
        expect(withoutT(found.text)).toBe(withoutT(expected.join('')));
        expect(found.copy.values).toHaveLength(expected.length);
        taken += expected.length;
      },
    ),
    { numRuns: 3_000 },
  );
  expect(taken).toBeGreaterThan(1_000);
});

test('the ordinary is taken, and nothing else: each value alone', () => {
  expect(byCopy(pack(regular)).text).toBe(
    '11\t7\t{"a": 1}\t{}\t0.93\t12.5\t2026-02-28T23:59:59.000001+00\t{}\n',
  );
  expect(byCopy(withValue(3, '{"متن": "\\n"}')).taken).toEqual([true]);
  expect(byCopy(withValue(5, '0')).text).toContain('\t\\N\t12.5');
  expect(byCopy(withValue(8, undefined)).text).toMatch(/\t\\N\n$/);
  expect(byCopy(withValue(5, '1e-05')).text).toContain('\t1e-05\t');
  expect(byCopy(withValue(7, '2026-01-01T00:00:00+03:30')).text).toContain(
    '\t2025-12-31 20:30:00.000000+00\t',
  );
  const refused = [
    ...[
      withValue(0, '007'),
      withValue(0, '1234567890123456'),
      withValue(1, undefined),
      withValue(1, 'yesterday'),
    ],
    ...[
      withValue(2, '3'),
      withValue(2, undefined),
      withValue(3, Buffer.from([0x22, 0xff, 0x22])),
      withValue(4, '\u0000'),
    ],
    ...[withValue(5, 'much'), withValue(7, '2026-02-30T00:00:00.000000')],
    ...[pack(regular.slice(1)), pack(regular).subarray(1), Buffer.from('damaged'), Buffer.alloc(0)],
  ];
  for (const value of refused) expect(byCopy(value).taken).toEqual([false]);
});

test('a value is taken as a whole or not at all, and what came before stays', () => {
  const spoilt = Buffer.concat([pack(regular), withValue(5, 'much')]);
  const { taken, text, copy } = byCopy(pack(regular), spoilt, withValue(0, '8'));
  expect(taken).toEqual([true, false, true]);
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[1]),
  ).toEqual(['7', '8']);
  expect(copy.size).toBe(2);
});

test('in a batch one spoilt record keeps no other from being taken', () => {
  const batch = new Batch();
  const records = [pack(regular), withValue(5, 'much'), withValue(0, '8'), Buffer.from('1 1\nx')];
  batch.addCarried(carried(Buffer.concat(records)), known);
  expect(batch.copy?.size).toBe(2);
  expect(batch.letters.map(({ kind, reason, entryId }) => [kind, reason.code, entryId])).toEqual([
    ['prediction', '22P02', '1-1'],
    ['?', 'E_STREAM_FIELD', '1-1'],
  ]);
  batch.spread();
  expect(batch.of('prediction').map(({ id }) => id)).toEqual(['7', '8']);
  expect(batch.copy).toBeUndefined();
  const empty = new Batch();
  empty.addCarried(carried(Buffer.alloc(0)), known);
  expect(empty.letters.map(({ reason }) => reason.message)).toEqual([
    'the value of "prediction=" is damaged: there is no header',
  ]);
});

test('the same bytes cut differently name another parent', () => {
  const one = pack(['1', `${created}1`.slice(0, 26), '12', ...regular.slice(3)]);
  const other = pack(['2', `${created}1`, '2', ...regular.slice(3)]);
  const { text, copy } = byCopy(one, other);
  expect(
    text
      .split('\n')
      .slice(0, 2)
      .map((line) => line.split('\t')[0]),
  ).toEqual(['1212', '22']);
  expect(copy.parents.map(({ pgId }) => pgId)).toEqual(['1212', '22']);
});

test('more than a piece', () => {
  const many = Array.from({ length: 3_000 }, (_, id) =>
    pack([String(id), ...regular.slice(1, 3), `"${'\\\\'.repeat(100)}"`, ...regular.slice(4)]),
  );
  const { copy, text } = byCopy(
    ...many
      .map((_one, index) => Buffer.concat(many.slice(index * 10, index * 10 + 10)))
      .filter(({ length }) => length > 0),
  );
  expect(copy.pieces.length).toBeGreaterThan(1);
  expect(copy.size).toBe(3_000);
  expect(text.split('\n')).toHaveLength(3_001);
});
