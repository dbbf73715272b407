import { judgeAppended } from './appended';

const once = (name: string, began: number, ended?: number) => ({ name, began, ended });
const found = (...names: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
};

test('what was acknowledged is there once; what was not may be there, or not', () => {
  const written = [once('a', 0, 1), once('b', 2), once('c', 4)];
  expect(judgeAppended({ written, found: found('a', 'c') })).toEqual({
    lost: [],
    duplicated: [],
    invented: [],
  });
});

test('missing, twice and never written are told apart', () => {
  const written = [once('a', 0, 1), once('b', 2, 3)];
  expect(judgeAppended({ written, found: found('b', 'b', 'x') })).toEqual({
    lost: ['a'],
    duplicated: ['b'],
    invented: ['x'],
  });
});

test('what a store forgot is not missed, and what came later is', () => {
  const written = [once('a', 0, 1), once('b', 9, 12), once('c', 20, 21)];
  expect(judgeAppended({ written, found: found(), forgets: [{ from: 8, to: 10 }] }).lost).toEqual(['c']);
});
