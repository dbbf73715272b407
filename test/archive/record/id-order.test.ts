import fc from 'fast-check';
import { idOfKey, inOrder, sortKey } from '../../../src/archive/record/id-order';
import { kindNames, kinds } from '../../../src/mapping/kinds';

const number = fc.oneof(
  fc.nat(300).map(String),
  fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String),
);
const part = fc.oneof(
  { weight: 4, arbitrary: number },
  fc.constantFrom('', '007', '-1', '1.5', '9223372036854775808', 'loss', 'ÿ', ' 1'),
);
const id = fc.oneof(
  { weight: 3, arbitrary: number },
  fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(':')),
);

test('parents can be written before their children: each kind comes after all that it refers to', () => {
  for (const [at, name] of kindNames.entries())
    for (const { kind } of kinds[name].parents)
      expect([name, kindNames.indexOf(kind) < at]).toEqual([name, true]);
});

test('numbers rise by their value, of any length, alone and as the parts of a key', () => {
  fc.assert(
    fc.property(fc.array(number), (ids) => {
      const rising = [...ids].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0));
      expect(inOrder(ids)).toEqual(rising);
      const below = (one: string) => `7:${one}:loss:train`;
      expect(inOrder(ids.map(below))).toEqual(rising.map(below));
    }),
  );
});

test('the order is one, whatever order they came in; none is lost, made or changed, and what is no number comes last', () => {
  fc.assert(
    fc.property(
      fc
        .array(id)
        .chain((ids) => fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length }))),
      ([ids, shuffled]) => {
        const ordered = inOrder(ids);
        expect(inOrder(shuffled)).toEqual(ordered);
        expect(inOrder(ordered)).toEqual(ordered);
        expect([...ordered].sort()).toEqual([...ids].sort());
        const isNumber = (one: string) => /^(0|[1-9]\d{0,18})$/.test(one) && BigInt(one) < 2n ** 63n;
        const plain = ordered.filter((one) => !one.includes(':'));
        expect(plain.map(isNumber)).toEqual(plain.map(isNumber).sort((a, b) => Number(b) - Number(a)));
      },
    ),
  );
  fc.assert(fc.property(id, (one) => idOfKey(sortKey(one)) === one));
});
