import fc from 'fast-check';
import { FoundDifferent } from '../../../src/archive/pass/found-different';
import { inOrder } from '../../../src/archive/record/id-order';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import type { KindName } from '../../../src/mapping/kinds';

const kindNames = [...aiRegistry.keys()];

const number = fc.oneof(
  fc.nat(3_000).map(String),
  fc.bigInt({ min: 0n, max: 9_223_372_036_854_775_807n }).map(String),
);
const name = fc.constantFrom('loss:train', 'loss:val', 'acc', 'a:b:c', '2:10', '2:9', '');
const strange = fc.constantFrom('007', '', '-1', '1.5', '9223372036854775808', 'x', 'ÿ', '1:2');
const idOf: Readonly<Partial<Record<KindName, fc.Arbitrary<string>>>> = {
  metric: fc.tuple(number, name).map(([run, rest]) => `${run}:${rest}`),
  exprun: fc.tuple(number, number).map(([experiment, run]) => `${experiment}:${run}`),
};
const record = fc
  .constantFrom(...kindNames)
  .chain((kind) =>
    fc.tuple(fc.constant(kind), fc.oneof({ weight: 9, arbitrary: idOf[kind] ?? number }, strange)),
  );

const isCanonical = (part: string) => /^(0|[1-9]\d{0,18})$/.test(part) && BigInt(part) < 2n ** 63n;

const isPlain = (id: string) => isCanonical(id) && id.length <= 15;

/** The order by its definition: numbers as large as there are any, then all else. */
function compare(a: string, b: string): number {
  if (isPlain(a) !== isPlain(b)) return isPlain(a) ? -1 : 1;
  const [left, right] = [a.split(':'), b.split(':')];
  for (const [index, one] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (one === other) continue;
    if (isCanonical(one) && isCanonical(other)) return BigInt(one) < BigInt(other) ? -1 : 1;
    if (isCanonical(one) !== isCanonical(other)) return isCanonical(one) ? -1 : 1;
    return one < other ? -1 : 1;
  }
  return left.length - right.length;
}

/** Keys may hold nothing that would have to be compared past a prefix: a colon ends a part, and is more than nothing. */
const prefixes = (a: string, b: string) => a !== b && (a.startsWith(b) || b.startsWith(a));

test('whatever the order and however little room, all come out once, by kind and rising id', () => {
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 300 }),
      fc.constantFrom(1, 500, 2_000, 1e6),
      (records, bytes) => {
        const found = new FoundDifferent(aiRegistry, bytes);
        const walk = () => {
          // SCAN may give a key twice, and in any order.
          for (const [kind, id] of [...records, ...records.slice(0, 20)].reverse())
            if (found.wants(kind, id)) found.add(kind, id);
        };
        walk();
        const taken: [KindName, string][] = [];
        for (let page = found.take(); page !== undefined; page = found.take()) {
          if (page === 'walk') walk();
          else for (const id of page.ids) taken.push([page.kind, id]);
        }
        expect(found.size).toBe(0);
        expect(taken.map(([kind, id]) => `${kind} ${id}`).sort()).toEqual(
          [...new Set(records.map(([kind, id]) => `${kind} ${id}`))].sort(),
        );
        for (const [index, [kind, id]] of taken.entries()) {
          const [before, previous] = taken[index - 1] ?? [kind, undefined];
          expect(kindNames.indexOf(before)).toBeLessThanOrEqual(kindNames.indexOf(kind));
          if (before === kind && previous !== undefined && !prefixes(previous, id))
            expect([previous, id, compare(previous, id)]).toEqual([previous, id, -1]);
        }
      },
    ),
  );
});

test('differences are held in bounded memory, whatever their ids are', () => {
  const found = new FoundDifferent(aiRegistry, 100_000);
  for (let n = 0; n < 50_000; n++) found.add('prediction', String((n * 7_919_777_777) % 1e15));
  for (let n = 0; n < 50_000; n++) found.add('metric', `${(n * 7_919) % 50_021}:loss:train`);
  expect(found.size).toBeLessThan(2_000);
  expect(found.size).toBeGreaterThan(500);
});

test('a hundred thousand differences with ids close to each other take next to no memory', () => {
  const found = new FoundDifferent(aiRegistry, 50_000);
  for (let n = 0; n < 100_000; n++) found.add('prediction', String((n * 7_919) % 100_000));
  expect(found.size).toBe(100_000);
  let expected = 0;
  for (let page = found.take(); page !== undefined && page !== 'walk'; page = found.take()) {
    expect(page.ids[0]).toBe(String(expected));
    expected += page.ids.length;
    expect(page.last).toBe(expected === 100_000);
  }
  expect(expected).toBe(100_000);
});

test('ids are ordered as numbers, part by part', () => {
  expect(inOrder(['10', '9', '100', '9223372036854775807', '007', '0', 'x'])).toEqual(
    ['0', '9', '10', '100', '9223372036854775807', '007', 'x'], // prettier-ignore
  );
  expect(inOrder(['12:7', '9:10', '9:9', '12:10'])).toEqual(['9:9', '9:10', '12:7', '12:10']);
});
