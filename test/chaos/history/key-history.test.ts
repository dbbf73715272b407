import { judgeKey, type Sight, type Write } from './key-history';

/** One write each ten milliseconds from 0 on, each of which takes five. */
const written = (...values: readonly (string | null)[]): Write[] =>
  values.map((value, at) => ({ value, began: at * 10, ended: at * 10 + 5 }));
const seen = (...sights: readonly (readonly [at: number, value: string | null])[]): Sight[] =>
  sights.map(([at, value]) => ({ at, value }));
const fine = { backwards: [], invented: [], lost: [] };

test('a reader that sees each value, or leaves some out, has seen nothing wrong', () => {
  const writes = written('1', '2', '3');
  expect(judgeKey({ key: 'k', writes, sights: seen([0, null], [4, '1'], [14, '2'], [30, '3']) })).toEqual(
    fine,
  );
  expect(judgeKey({ key: 'k', writes, sights: seen([0, null], [30, '3']) })).toEqual(fine);
});

test('an older value after a newer one is backwards, once for each time that it is seen', () => {
  const sights = seen([22, '3'], [23, '2'], [24, '3'], [25, '1'], [40, '3']);
  expect(judgeKey({ key: 'k', writes: written('1', '2', '3'), sights })).toEqual({
    ...fine,
    backwards: ['k: 2 after 3', 'k: 1 after 3'],
  });
});

test('an absence is taken for the earliest deletion that it can be, and before all of them it is backwards', () => {
  const writes = written('1', null, '2', null, '3');
  expect(
    judgeKey({ key: 'k', writes, sights: seen([5, '1'], [12, null], [35, '2'], [36, null], [50, '3']) }),
  ).toEqual(fine);
  expect(judgeKey({ key: 'k', writes, sights: seen([5, '1'], [8, null], [50, '3']) }).backwards).toEqual([
    'k: no key after 1',
  ]);
  expect(judgeKey({ key: 'k', writes, sights: seen([45, '3'], [46, null], [50, '3']) }).backwards).toEqual([
    'k: no key after 3',
  ]);
});

test('what nobody wrote, and what nobody had written yet, is invented', () => {
  const writes = written('1', '2');
  expect(judgeKey({ key: 'k', writes, sights: seen([3, 'x'], [20, '2']) }).invented).toEqual(['k: x']);
  expect(judgeKey({ key: 'k', writes, sights: seen([5, '2'], [20, '2']) }).invented).toEqual(['k: 2']);
});

test('the last sight has to be of the last write that was acknowledged, or of one whose end nobody knows', () => {
  const last: Write = { value: '3', began: 20 };
  const writes = [...written('1', '2'), last];
  expect(judgeKey({ key: 'k', writes, sights: seen([40, '1']) }).lost).toEqual(['k: 1 instead of 2']);
  expect(judgeKey({ key: 'k', writes, sights: seen([40, '2']) })).toEqual(fine);
  expect(judgeKey({ key: 'k', writes, sights: seen([40, '3']) })).toEqual(fine);
  expect(judgeKey({ key: 'k', writes: written('1', null), sights: seen([40, '1']) }).lost).toEqual([
    'k: 1 instead of no key',
  ]);
});

test('where the truth went back what is read may go back once, and no further time', () => {
  const writes = written('1', '2', '3');
  const rewinds = { backwards: [{ from: 24, to: 26 }] };
  expect(
    judgeKey({ key: 'k', writes, sights: seen([23, '3'], [27, '1'], [28, '2'], [40, '3']) }, rewinds),
  ).toEqual(fine);
  const again = seen([23, '3'], [27, '1'], [28, '3'], [29, '2'], [40, '3']);
  expect(judgeKey({ key: 'k', writes, sights: again }, rewinds).backwards).toEqual(['k: 2 after 3']);
});

test('a follower of a truth that went back may hear of it at any time, and once', () => {
  const writes = written('1', '2', '3');
  const rewinds = { backwards: [{ from: 24, to: Infinity }] };
  const late = seen([23, '3'], [90, '1'], [91, '2'], [92, '3']);
  expect(judgeKey({ key: 'k', writes, sights: late }, rewinds)).toEqual(fine);
  const again = seen([23, '3'], [90, '1'], [91, '3'], [95, '2'], [96, '3']);
  expect(judgeKey({ key: 'k', writes, sights: again }, rewinds).backwards).toEqual(['k: 2 after 3']);
  const early = seen([22, '3'], [23, '1'], [24, '3']);
  expect(judgeKey({ key: 'k', writes, sights: early }, rewinds).backwards).toEqual(['k: 1 after 3']);
});

test('what was written before a store forgot may be lost, and what was written afterwards may not', () => {
  const writes = written('1', '2', '3');
  expect(
    judgeKey({ key: 'k', writes, sights: seen([40, '1']) }, { forgets: [{ from: 25, to: 30 }] }),
  ).toEqual(fine);
  expect(
    judgeKey({ key: 'k', writes, sights: seen([40, '1']) }, { forgets: [{ from: 12, to: 15 }] }).lost,
  ).toEqual(['k: 1 instead of 3']);
});

test('a key that nobody looked at says nothing', () => {
  expect(judgeKey({ key: 'k', writes: written('1'), sights: [] })).toEqual(fine);
});
