import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import { explore, told } from '../explore';
import { archiveModel } from './model';
import type { ArchiveFault, ArchiveMutants, ArchiveScope } from './state';

/** What may happen: how many instances, writes and faults, and which. Each is explored to its end: nothing that could happen is left out. */
const scope = (
  [instances, writes, faults]: readonly [1 | 2, number, number],
  may: readonly ArchiveFault[],
  more: Partial<ArchiveScope> = {},
): ArchiveScope => ({ instances, writes, faults, may: new Set(may), ...more });

const withParent = { parent: true } as const;
const retains = { ...withParent, retains: true } as const;
const tookOver = { ...withParent, tookOver: true } as const;
const { actions } = archiveModel(scope([2, 1, 1], [], retains));
/** Of one instance; the other does the same. */
const ours = actions.filter(({ by, name }) => by === 'us' && / ?A /.test(name));
const happened = new Set<string>();
const interrupted = new Set<string>();

test.each([
  [
    'a first start, and any fault',
    scope([1, 1, 1], ['crash', 'cut', 'flush', 'redis restored'], { fresh: true }),
  ],
  ['killed, or cut off in a commit', scope([1, 2, 1], ['crash', 'cut'])],
  ['killed and cut off', scope([1, 1, 2], ['crash', 'cut'])],
  ['records that are in the stream alone', scope([1, 2, 1], ['crash', 'cut'], { unlinks: true })],
  ['Redis flushed, or its stream deleted', scope([1, 2, 1], ['flush', 'stream deleted'])],
  ['Redis back at its snapshot', scope([1, 2, 1], ['redis restored'])],
  ['Postgres back at its backup', scope([1, 2, 1], ['postgres restored'])],
  ['retention', scope([1, 1, 1], ['crash', 'cut'], retains)],
  ['an owner and a standby', scope([2, 1, 1], ['crash', 'cut', 'silence', 'flush'])],
  ['an owner that was silent only', scope([2, 2, 1], ['silence'], withParent)],
  ['an owner that was silent, and is killed', scope([2, 0, 2], ['silence', 'crash'], withParent)],
  ['Postgres back before a take-over', scope([2, 1, 1], ['crash', 'postgres restored'], tookOver)],
])('the protocol of the archive keeps its promises: %s', (_name, one) => {
  const found = explore(archiveModel(one));
  for (const name of found.happened) happened.add(name);
  for (const name of found.interrupted) interrupted.add(name);
  expect(told(found)).toBe('');
});

test('each step of ours stands for a file, comes to pass, and may be followed by a fault', () => {
  for (const { of } of ours) expect(of !== undefined && existsSync(join(packageRoot, of))).toBe(true);
  const names = ours.map(({ name }) => name).filter((name) => name !== 'A writes down what was parked');
  expect(names.filter((name) => !happened.has(name))).toEqual([]);
  expect(names.filter((name) => !interrupted.has(name))).toEqual([]);
});

const mutants: readonly (readonly [keyof ArchiveMutants, string, number, ArchiveScope])[] = [
  [
    'positionBeforeData',
    'I7: the position is 2, and r of entry 2 is not in Postgres',
    4,
    scope([1, 1, 1], ['cut']),
  ],
  ['trimBeforeCommit', 'I7: entry 2 is trimmed, and Postgres has not got it', 4, scope([1, 2, 1], ['cut'])],
  ['noFence', 'I3: r goes back to an older value', 12, scope([2, 2, 1], ['silence'], withParent)],
  [
    'lettersOutside',
    'I7: the position is 2, and p of entry 2 is not in Postgres',
    4,
    scope([1, 1, 1], ['crash']),
  ],
  [
    'passDebtInMemory',
    'I1: all is done, and r is not what Redis says',
    9,
    scope([1, 1, 2], ['crash', 'stream deleted']),
  ],
  ['noRetentionCheck', 'I9: 2 is removed, and Postgres has 1', 4, scope([1, 1, 0], [], retains)],
  [
    'ownersByCount',
    'I1: all is done, and r is not what Redis says',
    15,
    scope([2, 0, 1], ['postgres restored'], tookOver),
  ],
  ['alwaysDirect', 'I2: a record is there twice', 12, scope([1, 1, 1], ['stream deleted'], withParent)],
  ['lettersStay', 'I1: all is done, and a record is parked whose parent is there', 10, scope([1, 2, 0], [])],
];

test.each(mutants)('the mutant %s is found: %s, after %i steps', (mutant, what, steps, one) => {
  const { wrong } = explore(archiveModel(one, { [mutant]: true }));
  expect(wrong?.what).toBe(what);
  // By the mutant alone.
  expect(told(explore(archiveModel(one)))).toBe('');
  expect(wrong?.trace).toHaveLength(steps);
});
