import { progressOf, type StreamFacts } from '../../../src/archive/truth/entry-progress';

const facts = (changes: Partial<StreamFacts> = {}): StreamFacts => ({
  ...{ anew: false, length: 0, before: false, added: 0, last: '', witness: '', count: 0, more: false },
  ...changes,
});
const left = { last: '5-0', witness: 'w', added: 5 };

test('a stream that is read for the first time has lost nothing, whatever was trimmed before', () => {
  const progress = progressOf(
    undefined,
    facts({ length: 3, added: 10, count: 3, last: '10-0', witness: 'x' }),
  );
  expect(progress).toEqual({
    position: { last: '10-0', witness: 'x', added: 10 },
    moved: true,
    lost: 0,
    waiting: 0,
  });
  // An empty one is remembered as well: what is trimmed unread from now on is lost.
  expect(progressOf(undefined, facts({ added: 4 })).position).toEqual({ last: '0-0', witness: '', added: 4 });
});

test('what was trimmed away unread is counted, once', () => {
  const first = progressOf(left, facts({ length: 2, added: 12, count: 2, last: '12-0', witness: 'x' }));
  expect(first).toMatchObject({ lost: 5, moved: true, position: { last: '12-0', added: 12 } });
  expect(progressOf(first.position, facts({ length: 0, added: 12 }))).toMatchObject({
    lost: 0,
    moved: false,
  });
  const all = progressOf(left, facts({ length: 0, added: 7 }));
  expect(all).toMatchObject({ lost: 2, moved: true, position: { last: '5-0', witness: 'w', added: 7 } });
  expect(progressOf(all.position, facts({ length: 0, added: 7 })).lost).toBe(0);
});

test('entries that were read may be trimmed or stay', () => {
  expect(progressOf(left, facts({ length: 0, added: 5 }))).toMatchObject({
    lost: 0,
    moved: false,
    waiting: 0,
  });
  expect(progressOf(left, facts({ length: 5, before: true, added: 5 }))).toMatchObject({
    lost: 0,
    moved: false,
  });
});

test('how many wait is known as long as none is deleted between those that are read', () => {
  const half = facts({
    length: 10,
    before: true,
    added: 10,
    count: 2,
    last: '7-0',
    witness: 'x',
    more: true,
  });
  expect(progressOf(left, half)).toMatchObject({ waiting: 3, position: { added: 7 } });
  expect(progressOf(left, facts({ length: 4, added: 9, more: true }))).toMatchObject({
    waiting: 4,
    moved: false,
  });
  expect(progressOf({ ...left, added: null }, { ...half, added: null })).toMatchObject({
    waiting: 1,
    lost: 0,
  });
});

test('a stream that was begun anew is read from its beginning', () => {
  const anew = facts({ anew: true, length: 2, added: 2, count: 2, last: '2-0', witness: 'x' });
  expect(progressOf(left, anew)).toEqual({
    ...{ position: { last: '2-0', witness: 'x', added: 2 }, moved: true, lost: 0, waiting: 0 },
  });
  const empty = progressOf(left, facts({ anew: true, added: 2 }));
  expect(empty).toMatchObject({ moved: true, position: { last: '0-0', witness: '', added: 2 } });
});
