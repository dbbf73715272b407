import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Comparison } from '../../bench/compare/run';
import { packageRoot } from '../../src/foundation/package-root';

const compare = (...args: readonly string[]) =>
  spawnSync(process.execPath, [join(packageRoot, 'dist', 'bench', 'compare', 'index.js'), ...args], {
    encoding: 'utf8',
  });

test('what a plain log of triggers misses Millrace does not, and a poll is as late as its interval', () => {
  const { status, stdout, stderr } = compare('cache', '--case', 'insert', 'replace', '--json');
  expect([status, stderr]).toEqual([0, '']);
  const { comparisons } = JSON.parse(stdout) as { comparisons: readonly Comparison[] };
  expect(comparisons.map(({ direction }) => direction)).toEqual(['cache']);
  const outcomes = comparisons.flatMap(({ rows }) => rows).map(({ name, outcomes: one }) => [name, one]);
  const byItself = { arrived: 'by itself', ms: expect.any(Number) as unknown };
  const late = { arrived: 'with the next pass' };
  const missed = { arrived: 'never', missed: ['alias:team:a 1 is still there'] };
  expect(outcomes).toEqual([
    ['insert', { polling: late, 'AFTER triggers': byItself, Millrace: byItself }],
    ['replace', { polling: late, 'AFTER triggers': missed, Millrace: byItself }],
  ]);
}, 60_000);

test.each([
  [['caches'], "'caches' is invalid for argument 'directions'. Allowed choices are cache, archive."],
  [['--case', 'nothing'], "'nothing' is invalid. Allowed choices are insert, update,"],
  [['archive', '--case', 'replace'], 'archive has none of these cases'],
  [['--jsn'], "unknown option '--jsn'\n(Did you mean --json?)"],
])('%j is refused, and it is said why', (args, why) => {
  const { status, stdout, stderr } = compare(...args);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(why);
});
