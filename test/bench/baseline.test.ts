import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Baselines, kindOf, withRatios } from '../../bench/baseline';
import type { Machine } from '../../bench/machine';
import { packageRoot } from '../../src/foundation/package-root';
import { machine } from './some-machine';

const ratio = { name: 'pass / MSET', kind: 'floor', ratio: 2, best: 1.9, own: 100, unit: 'ms' } as const;
const measured = { machine, suite: 'aliases', ratios: [ratio], whole: true };

test('another CPU, number of cores, major version of Node, Redis or Postgres is another kind of machine', () => {
  const others: readonly Partial<Machine>[] = [
    { cpu: 'Another CPU' },
    { cores: 4 },
    { node: 'v22.1.0' },
    { redis: '8.0.0' },
    { postgres: '17.1' },
  ];
  const kinds = [{}, ...others].map((other) => kindOf({ ...machine, ...other }));
  expect(new Set(kinds).size).toBe(kinds.length);
});

test('what ratios do not depend on makes no other kind', () => {
  const like = {
    memoryGb: 8,
    system: 'Linux 6.2 x64',
    node: 'v24.9.9',
    redis: '7.4.1',
    postgres: '18.9',
    commit: 'def',
  };
  expect(kindOf({ ...machine, ...like })).toBe(kindOf(machine));
});

test('the baseline of one kind leaves that of another as it was', () => {
  const other = { ...machine, cores: 8 };
  const before = withRatios({}, measured);
  const after = withRatios(before, { ...measured, machine: other, ratios: [{ ...ratio, ratio: 3 }] });
  expect(after[kindOf(machine)]).toEqual(before[kindOf(machine)]);
  expect(after[kindOf(other)]?.suites).toEqual({ aliases: { 'pass / MSET': { ratio: 3, own: 100 } } });
});

test('a suite that is measured whole loses what it no longer has; one of which a part is measured does not', () => {
  const [value, now] = [
    { ratio: 1, own: 5 },
    { ratio: 2, own: 100 },
  ];
  const before: Baselines = {
    [kindOf(machine)]: { machine, suites: { aliases: { old: value }, archive: { drain: value } } },
  };
  const suitesAfter = (whole: boolean) => withRatios(before, { ...measured, whole })[kindOf(machine)]?.suites;
  expect(suitesAfter(true)).toEqual({ aliases: { 'pass / MSET': now }, archive: { drain: value } });
  expect(suitesAfter(false)).toEqual({
    aliases: { old: value, 'pass / MSET': now },
    archive: { drain: value },
  });
});

test('the gate on a machine without a baseline measures nothing, says what to do, and does not pass for success', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-baseline-'));
  try {
    const file = join(folder, 'baseline.json');
    writeFileSync(file, JSON.stringify(withRatios({}, measured)));
    const bench = join(packageRoot, 'dist', 'bench', 'index.js');
    const [code, stderr] = await new Promise<readonly [unknown, string]>((resolve) => {
      execFile(process.execPath, [bench, '--gate', '--baseline', file], (error, _stdout, text) => {
        resolve([error?.code, text]);
      });
    });
    expect(code).toBe(2);
    expect(stderr).toContain('no baseline of aliases and archive for this kind of machine');
    expect(stderr).toContain(kindOf(machine)); // the one that there is
    expect(stderr).toContain('git worktree add');
    expect(stderr).toContain('--write-baseline');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
