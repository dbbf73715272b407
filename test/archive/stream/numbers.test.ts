import fc from 'fast-check';
import { Numbers } from '../../../src/archive/stream/numbers';

const anyNumber = fc.oneof(fc.nat(100), fc.integer({ min: 999_999_999_999_900, max: 999_999_999_999_999 }));
const anyStep = fc.record({ what: fc.constantFrom('add', 'add', 'delete'), number: anyNumber });

test('numbers are as a set of them', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200 }), anyNumber, (steps, other) => {
      const numbers = new Numbers();
      const set = new Set<number>();
      for (const { what, number } of steps) {
        if (what === 'add') {
          numbers.add(number);
          set.add(number);
        } else {
          numbers.delete(number);
          set.delete(number);
        }
        expect(numbers.size).toBe(set.size);
      }
      for (const number of [...steps.map((step) => step.number), other])
        expect([number, numbers.has(number)]).toEqual([number, set.has(number)]);
    }),
  );
});

test('what is no number is never there', () => {
  const numbers = new Numbers();
  numbers.add(0);
  numbers.delete(NaN);
  expect([numbers.has(NaN), numbers.has(0), numbers.size]).toEqual([false, true, 1]);
});
