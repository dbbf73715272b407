import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import { explore } from '../explore';
import { cacheModel } from './model';
import type { CacheFault, CacheMutants, CacheScope } from './state';

/** Each is explored to its end, in seconds: nothing is left that could happen in it. */
const scope = (
  [instances, writes, faults]: readonly [1 | 2, number, number],
  may: readonly CacheFault[],
  more: Partial<CacheScope> = {},
): CacheScope => ({ instances, writes, faults, may: new Set(may), ...more });

const scopes: Readonly<Record<string, CacheScope>> = {
  'a first start, and any fault of Redis': scope([1, 1, 1], ['crash', 'cut', 'flush', 'redis restored'], {
    fresh: true,
  }),
  'killed, cut off, flushed, two of these': scope([1, 2, 2], ['crash', 'cut', 'flush']),
  'rows replaced': scope([1, 2, 1], ['crash', 'cut', 'flush'], { replaces: true }),
  'the changelog pruned at any moment': scope([1, 2, 2], ['crash', 'cut'], { prunes: true }),
  'Redis back at its snapshot': scope([1, 2, 1], ['crash', 'redis restored']),
  'the file replaced by a copy, or without its triggers': scope([1, 2, 1], ['crash', 'file replaced', 'triggers lost']),
  'two instances': scope([2, 2, 1], ['crash', 'cut', 'flush']),
  'two instances, and a snapshot': scope([2, 1, 1], ['crash', 'redis restored']),
};

test.each(Object.entries(scopes))('the protocol of the cache keeps its promises: %s', (_name, one) => {
  expect(explore(cacheModel(one))).toMatchObject({ wrong: undefined });
});

const mutants: readonly (readonly [keyof CacheMutants, string, number, CacheScope])[] = [
  ['positionBeforeData', 'I7', 3, scope([1, 1, 1], ['cut'])],
  ['trimBeforeCommit', 'I7', 3, scope([1, 1, 1], ['cut'], { prunes: true })],
  ['noFence', 'I3', 7, scope([1, 2, 1], ['cut'])],
  ['noFence', 'I3', 7, scope([2, 2, 0], [])],
  ['noBeforeTriggers', 'I1', 4, scope([1, 1, 0], [], { replaces: true })],
  ['passDebtInMemory', 'I1', 9, scope([2, 0, 2], ['crash', 'flush'])],
  ['mendedLogKeepsItsId', 'I1', 4, scope([2, 1, 2], ['crash', 'triggers lost'])],
];
test.each(mutants)('the mutant %s breaks %s in %i steps', (mutant, invariant, steps, one) => {
  const { wrong } = explore(cacheModel(one, { [mutant]: true }));
  expect(wrong?.trace.join('\n')).toBe('x');
  expect(wrong?.what).toMatch(new RegExp(`^${invariant}: `));
  expect(wrong?.trace).toHaveLength(steps);
});
test.each(mutants)('and without the mutant %s nothing of the kind is found', (_mutant, _invariant, _steps, one) => {
  const { wrong, states } = explore(cacheModel(one));console.log(states);
  expect(wrong).toBeUndefined();
});
