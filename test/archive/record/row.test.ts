import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Found, FoundParent } from '../../../src/archive/record/found';
import { toRow } from '../../../src/archive/record/row';
import { isUnfit } from '../../../src/archive/record/unfit';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';
import type { Kind } from '../../../src/mapping/kinds';

const digits = fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String);
const pad = (value: number, length = 2): string => String(value).padStart(length, '0');
const micros = fc
  .tuple(fc.integer({ min: 1971, max: 2037 }), fc.nat(11), fc.nat(27), fc.nat(23), fc.nat(59), fc.nat(999_999))
  .map(([year, month, day, hour, minute, fraction]) => `${year}-${pad(month + 1)}-${pad(day + 1)}T${pad(hour)}:${pad(minute)}:00.${pad(fraction, 6)}`); // prettier-ignore
const canonical = (time: string): string => time.replace('T', ' ');
const word = fc.constantFrom('', 'a', 'ResNet', 'é🙂', 'فارسی', '\\N\t\n', '{"a": NaN}');

const good = { text: word, json: word, integer: fc.maxSafeInteger().map(String), float: fc.double().map(String), time: micros, bool: fc.constant('1'), uuid: fc.uuid(), bytes: word } as const; // prettier-ignore
const bad = fc.constantFrom(
  'yesterday',
  '1_000',
  '\0',
  '\uD800',
  '-',
  '2026-02-30T00:00:00',
  '99999999999999999999',
);

const bytes = (text: string): Buffer => Buffer.from(text.replace('\uD800', '\xff'), text.includes('\uD800') ? 'latin1' : 'utf8'); // prettier-ignore

const parent: fc.Arbitrary<FoundParent> = fc
  .record({ id: fc.option(fc.oneof(digits, fc.constantFrom('0', '', '7', 'x', '0.0')), { nil: undefined }), created: fc.option(fc.oneof(micros, bad), { nil: undefined }) }) // prettier-ignore
  .map(({ id, created }) => ({ id: id === undefined ? undefined : bytes(id), created: created === undefined ? undefined : bytes(created) })); // prettier-ignore

const hashed: readonly Kind[] = [...aiRegistry.values()].filter(({ name }) => name !== 'metric');
const found: fc.Arbitrary<Found> = fc.constantFrom(...hashed).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    id: fc.oneof({ weight: 9, arbitrary: digits }, bad, fc.constant('1:2:3:4')).map(bytes),
    parents: fc.tuple(...kind.parents.map(() => parent)),
    values: fc.tuple(
      ...kind.columns.map(({ decoder, none }) =>
        fc.oneof(
          {
            weight: 30,
            arbitrary: (none === '' ? fc.oneof(fc.constant(''), micros) : good[decoder]).map(bytes),
          },
          { weight: 1, arbitrary: bad.map(bytes) },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
      ),
    ),
  }),
);

/** The row, or why there is none. */
function outcome(one: Found): unknown {
  try {
    return toRow(one);
  } catch (error) {
    if (!isUnfit(error)) throw error;
    return { code: error.code, column: error.column, message: error.message };
  }
}

test('whatever stands in Redis becomes a row or a reason with a code, and nothing else', () => {
  let rows = 0;
  fc.assert(
    fc.property(found, (one) => {
      const made = outcome(one);
      if ((made as { code?: string }).code !== undefined) return;
      rows++;
      const { kind } = one;
      const row = toRow(one);
      expect(row.found).toBe(one);
      expect(row.values).toHaveLength(kind.columns.length);
      expect(row.references).toHaveLength(kind.parents.length);
      for (const [at, { decoder, required, field }] of kind.columns.entries()) {
        const [raw, value] = [one.values[at], row.values[at]];
        // Texts pass byte by byte, and are not copied: there are millions.
        if (decoder === 'text' || decoder === 'json') expect(value).toBe(raw ?? null);
        if (raw === undefined) expect([required ?? false, value]).toEqual([false, null]);
        if (field === kind.created) expect(value).toBe(`${row.created ?? ''}+00`);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(rows).toBeGreaterThan(200);
});

test('what came before a record changes nothing in it, though the last reference to a parent is kept', () => {
  fc.assert(
    fc.property(fc.array(found, { minLength: 2, maxLength: 6 }), fc.nat(), (all, at) => {
      const alone = all.map((one) => outcome({ ...one, parents: one.parents.map((each) => ({ ...each })) }));
      const [first] = all;
      // The same parents under other records, and other parents under the same: in whatever order.
      const mixed = [...all.slice(at % all.length), ...all.slice(0, at % all.length)];
      const again = mixed.map((one) => [all.indexOf(one), outcome(one)] as const);
      for (const [index, result] of again) expect(result).toEqual(alone[index]);
      if (first !== undefined) expect(outcome(first)).toEqual(alone[0]);
    }),
    { numRuns: 500 },
  );
});

test('a reference has the parent’s number and its time, and lives on when the reply it was read from is written over', () => {
  const { run, prediction } = kinds;
  fc.assert(
    fc.property(digits, micros, micros, (id, created, other) => {
      const window = bytes(created);
      const values = prediction.columns.map(({ decoder }) => bytes(decoder === 'time' ? other : '1'));
      const make = (parents: readonly FoundParent[]) => toRow({ kind: prediction, id: bytes('1'), parents, values }).references[0]; // prettier-ignore
      const first = make([{ id: bytes(id), created: window }]);
      expect(first).toMatchObject({ id, created: canonical(created) });
      bytes(other).copy(window);
      expect(make([{ id: bytes(id), created: window }])).toMatchObject({ id, created: canonical(other) });
      expect(first).toMatchObject({ id, created: canonical(created) });
      expect(make([{ id: bytes(id), created: bytes(created) }])).toEqual(first);
      expect(make([{ id: bytes(id), created: bytes(other) }])).toMatchObject({
        id,
        created: canonical(other),
      });
      expect(make([{ id: bytes(id), created: undefined }])).toMatchObject({ id, created: undefined });
      // Parked for that very time: its children wait for it.
      expect(make([{ id: bytes(id), created: bytes('soon') }])).toMatchObject({ id, created: undefined });
    }),
  );
  // 0 and nothing are none where none is allowed, and a reason elsewhere.
  const values = run.columns.map(({ decoder }) => bytes(decoder === 'time' ? '2026-01-01T00:00:00' : ''));
  const under = (...ids: readonly string[]) => outcome({ kind: run, id: bytes('1'), parents: ids.map((one) => ({ id: bytes(one), created: undefined })), values: values.map((value, at) => run.columns[at]?.none === '0' ? bytes('0') : value) }); // prettier-ignore
  for (const none of ['', '0', '0.0', '000'])
    expect(under('5', none)).toMatchObject({ references: [{ id: '5' }, null] });
  for (const none of ['', '0.0', '000', '-1', '1e3'])
    expect(under(none, '1')).toMatchObject({ code: 'E_ID', column: 'model_version_id' });
});

test('a record of keys is told from its siblings by what names it, and by nothing else', () => {
  const { hyperparam } = kinds;
  fc.assert(
    fc.property(digits, word, word, word, (run, name, value, other) => {
      const make = (text: string, content: string) =>
        toRow({ kind: hyperparam, id: bytes(run), parents: [{ id: bytes(run), created: undefined }], values: [bytes(text), bytes(content)] }); // prettier-ignore
      expect(make(name, value).redisKey).toBe(createHash('md5').update(name).digest('hex'));
      expect(make(name, other).redisKey).toBe(make(name, value).redisKey);
      expect(make(other, value).redisKey === make(name, value).redisKey).toBe(name === other);
    }),
  );
});
