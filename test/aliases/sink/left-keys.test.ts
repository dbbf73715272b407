import { leftMappings, withIntroduced } from '../../../src/aliases/sink/left-keys';

const judged = (prefix: string) => ({ hash: 'h', prefix, holds: 'string' as const });

test('of the prefixes that documents have moved away from the newest are kept', () => {
  let found = withIntroduced(undefined, new Map([['a', judged('p0:')]]));
  for (let at = 1; at <= 30; at++) found = withIntroduced(found, new Map([['a', judged(`p${at}:`)]]));
  const kept = Array.from({ length: 20 }, (_, at) => `a@p${at + 10}:`);
  expect(Object.keys(found)).toEqual(['a', ...kept]);
  expect(withIntroduced(found, new Map())).toEqual(found);
});

test('what is left is not what a mapping in force has now, whichever', () => {
  const moved = withIntroduced({ a: judged('one:') }, new Map([['a', judged('two:')]]));
  expect(Object.keys(leftMappings(moved, []))).toEqual(['a', 'a@one:']);
  expect(Object.keys(withIntroduced(moved, new Map([['b', judged('one:')]])))).toEqual(['a', 'b']);
});
