import { randomOf } from './random';

test('the same seed makes the same choices, and another one others', () => {
  const choices = (seed: number) =>
    Array.from({ length: 20 }, (_, at) => randomOf(seed + at).between(1, 1_000));
  expect(choices(7)).toEqual(choices(7));
  expect(choices(7)).not.toEqual(choices(1_007));
});

test('what is chosen under a name depends on nothing that was chosen before', () => {
  const [fresh, used] = [randomOf(3), randomOf(3)];
  used.next();
  expect(used.named('a').next()).toBe(fresh.named('a').next());
  expect(fresh.named('a').next()).not.toBe(fresh.named('b').next());
});

test('both ends of a range come up', () => {
  const random = randomOf(1);
  expect(new Set(Array.from({ length: 200 }, () => random.between(1, 3)))).toEqual(new Set([1, 2, 3]));
});
