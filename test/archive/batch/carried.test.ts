import fc from 'fast-check';
import { countRecords, recordIn, split } from '../../../src/archive/batch/carried';
import { pack } from '../../../src/archive/record/packed';
import { kinds } from '../../support/nine-kinds';

const anyId = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('0', '007', '', 'x', '-1', '999999999999999', '1000000000000000', undefined),
);
const anyValues = (count: number) =>
  fc.array(fc.option(fc.constantFrom('', '1', '{"a": 1}'), { nil: undefined }), {
    minLength: count - 1,
    maxLength: count - 1,
  });
/** Records of as many values, and some of more or fewer. */
const anyRecord = (count: number) =>
  fc
    .tuple(
      anyId,
      fc.oneof(
        { weight: 9, arbitrary: anyValues(count) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }).chain(anyValues) },
      ),
    )
    .map(([id, values]) => pack([id, ...values]));
const cut = (bytes: Buffer, end: number) => bytes.subarray(0, end);
/** Whole, or cut somewhere. */
const anyValue = (count: number) =>
  fc
    .tuple(fc.array(anyRecord(count), { maxLength: 5 }), fc.option(fc.nat(60)))
    .map(([records, end]) => (end === null ? Buffer.concat(records) : cut(Buffer.concat(records), end)));

const idIn = (carried: Parameters<typeof recordIn>[0]): readonly string[] => {
  try {
    return [recordIn(carried).id.toString('latin1')];
  } catch {
    return []; // damaged
  }
};
const isNumber = (id: string) => /^(0|[1-9]\d{0,14})$/.test(id);

test('records are counted, and their ids known, without making anything of them', () => {
  fc.assert(
    fc.property(anyValue(9), (value) => {
      const carried = { kind: kinds.prediction, value };
      const ids: number[] = [];
      const records = [...split(carried)];
      expect(countRecords(carried, ids)).toBe(records.length);
      expect(ids.map(String)).toEqual(records.flatMap(idIn).filter(isNumber));
    }),
    { numRuns: 2_000 },
  );
});

test('those of a kind that is not packed are counted only', () => {
  fc.assert(
    fc.property(anyValue(4), (value) => {
      const carried = { kind: kinds.metric, value };
      const ids: number[] = [];
      expect(countRecords(carried, ids)).toBe([...split(carried)].length);
      expect(ids).toEqual([]);
    }),
  );
});
