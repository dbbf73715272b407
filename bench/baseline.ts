import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/foundation/package-root';
import type { Baseline } from './gate';
import type { Machine } from './machine';
import type { Ratio } from './ratios';

/** The committed ratios of a quick run, by suite; `machine` is for people. */
interface Baselines {
  readonly machine?: Machine;
  readonly suites: Readonly<Record<string, Baseline>>;
}

const file = join(packageRoot, 'bench', 'baseline.json');

const readAll = (): Baselines =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baselines) : { suites: {} };

export const readBaseline = (suite: string): Baseline => readAll().suites[suite] ?? {};

/** Puts the ratios in. @param whole whether the suite was measured whole: then those that it no longer has go */
export function writeBaseline(
  suite: string,
  ratios: readonly Ratio[],
  machine: Machine,
  whole: boolean,
): string {
  const { suites } = readAll();
  const kept = whole ? {} : (suites[suite] ?? {});
  const measured = Object.fromEntries(ratios.map(({ name, ratio }) => [name, Number(ratio.toPrecision(4))]));
  const all: Baselines = { machine, suites: { ...suites, [suite]: { ...kept, ...measured } } };
  writeFileSync(file, JSON.stringify(all, null, 2) + '\n');
  return file;
}
