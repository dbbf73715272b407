import fc from 'fast-check';
import { PageBatches } from '../../../src/archive/apply/page-batches';
import { Batch } from '../../../src/archive/batch/batch';
import type { DeadLetter } from '../../../src/archive/letters/dead-letters';
import { pack } from '../../../src/archive/record/packed';
import { StreamFields } from '../../../src/archive/stream/fields';
import { type Entry, readPage } from '../../../src/archive/tail/stream';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';

const fields = new StreamFields(aiRegistry);
const created = '2026-01-05T14:30:00.500000';
const predictionOf = (id: string, version = '1', confidence = '0.93') =>
  pack([id, created, version, '{"a": 1}', '{}', confidence, '12.5', created, '{}']);
const metricOf = (run: string) =>
  pack([run, created, 'loss:train', '{"step": 1, "value": 0.5, "timestamp": "2026-01-05T14:30:00.500000"}']);

const entry = (id: string, ...pairs: readonly (readonly [string, Buffer])[]): Entry => [
  Buffer.from(id),
  pairs.flatMap(([name, value]) => [Buffer.from(name), value]),
];
const versions = new Map([['1', '11']]);
const known = (_kind: string, { id }: { readonly id: string }) => versions.get(id);
const textOf = (batch: Batch) => Buffer.concat(batch.copy?.pieces ?? []).toString();
const told = ({ kind, key, reason }: DeadLetter) => `${kind} ${key.toString('latin1')} ${reason.code}`;

const anyPrediction = fc
  .tuple(
    fc.nat(99).map(String),
    fc.constantFrom('1', '1', '1', '2'),
    fc.constantFrom('0.9', '0.9', '0.9', 'much'),
  )
  .map((values) => predictionOf(...values));
const anyPair: fc.Arbitrary<readonly [string, Buffer]> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(anyPrediction, { minLength: 1, maxLength: 3 })
      .map((records) => ['prediction=', Buffer.concat(records)] as const),
  },
  { weight: 1, arbitrary: fc.constantFrom(['metric=', metricOf('3')] as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ['prediction=', Buffer.from('damaged')] as const,
      ['run', Buffer.from('5')] as const,
    ),
  },
);
const anyEntries = fc
  .array(fc.array(anyPair, { maxLength: 3 }), { maxLength: 5 })
  .map((all) => all.map((pairs, index) => entry(`${index + 1}-1`, ...pairs)));

test('a page carries what came, as it came, and its batch is what these records are', () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      const page = readPage(entries, fields);
      const came = entries.flatMap(([id, parts]) =>
        (parts ?? []).flatMap((name, at) => {
          const field = name.toString('latin1');
          const value = parts?.[at + 1];
          return at % 2 === 0 && field.endsWith('=') && value !== undefined
            ? [{ field, value, from: { entryId: id.toString(), pair: at / 2 } }]
            : [];
        }),
      );
      expect(page.carried.map(({ kind, from }) => [`${kind.name}=`, from])).toEqual(
        came.map(({ field, from }) => [field, from]),
      );
      // The very buffers: nothing is copied.
      expect(page.carried.every(({ value }, index) => value === came[index]?.value)).toBe(true);
      const expected = new Batch();
      for (const { field, value, from } of came)
        expected.addCarried(
          { kind: field === 'metric=' ? kinds.metric : kinds.prediction, value, from },
          known,
        );
      const batch = new PageBatches(known, () => undefined).of(page);
      expect(textOf(batch)).toBe(textOf(expected));
      expect(batch.rows).toEqual(expected.rows);
      expect(batch.letters.map(told)).toEqual(expected.letters.map(told));
      const ids = [...batch.of('prediction').map(({ id }) => id), ...textOf(batch).matchAll(/^\d+\t(\d+)/gm)];
      const bad = batch.letters.filter(({ kind }) => kind === 'prediction');
      expect(page.echoing).toHaveLength(ids.length + bad.length);
    }),
  );
});

test('ids count that are known when a page is applied, not when it was read', () => {
  const page = readPage([entry('1-1', ['prediction=', predictionOf('7', '8')])], fields);
  const ids = new Map<string, string>();
  const batches = new PageBatches(
    (_kind, { id }) => ids.get(id),
    () => undefined,
  );
  ids.set('8', '88');
  const batch = batches.of(page);
  expect(batch.isPlain).toBe(true);
  expect(textOf(batch)).toMatch(/^88\t7\t/);
  expect(batches.of(page)).toBe(batch);
});

test('what cannot be applied is told when the batch is made: mended by hand it is no echo', () => {
  const page = readPage([entry('1-1', ['prediction=', predictionOf('7', '1', 'much')])], fields);
  expect(page.echoing).toEqual([7]);
  const letters: DeadLetter[] = [];
  new PageBatches(known, (_page, some) => letters.push(...some)).of(page);
  expect(letters.map(told)).toEqual(['prediction aidb:prediction:7 22P02']);
});

test('what is no record may be very much', () => {
  const page = readPage([entry('1-1', ['?', Buffer.alloc(0)])], fields);
  const letters = Array.from({ length: 200_000 }, () => page.letters).flat();
  expect(new PageBatches(known, () => undefined).of({ ...page, letters }).letters).toHaveLength(200_000);
});
