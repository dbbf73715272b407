import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/foundation/package-root';
import type { Baseline } from './gate';
import type { Machine } from './machine';
import type { Ratio } from './ratios';

/** The ratios, and the figures they are of, from a quick run on one kind of machine, by suite; `machine` is the one they were last measured on. */
interface OfKind {
  readonly machine: Machine;
  readonly suites: Readonly<Record<string, Baseline>>;
}

/** By kind of machine. */
export type Baselines = Readonly<Record<string, OfKind>>;

export const baselineFile = join(packageRoot, 'bench', 'baseline.json');

/** What ratios depend on besides the code: on another kind of machine the same code has others. */
export function kindOf({ cpu, cores, node, redis, postgres }: Machine): string {
  const major = (version: string) => version.replace(/^v/, '').replace(/\..*/, '');
  return `${cpu}, ${cores} cores, Node ${major(node)}, Redis ${major(redis)}, Postgres ${major(postgres)}`;
}

export const readBaselines = (file: string): Baselines =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Baselines) : {};

export function writeBaselines(file: string, baselines: Baselines): void {
  writeFileSync(file, JSON.stringify(baselines, null, 2) + '\n');
}

interface Measured {
  readonly machine: Machine;
  readonly suite: string;
  readonly ratios: readonly Ratio[];
  /** Whether the suite was measured whole: then those go that it no longer has. */
  readonly whole: boolean;
}

/** Puts the ratios in, for this kind of machine. Pure. */
export function withRatios(baselines: Baselines, { machine, suite, ratios, whole }: Measured): Baselines {
  const kind = kindOf(machine);
  const suites = baselines[kind]?.suites ?? {};
  const kept = whole ? {} : (suites[suite] ?? {});
  const short = (value: number) => Number(value.toPrecision(4));
  const measured = Object.fromEntries(
    ratios.map(({ name, ratio, own }) => [name, { ratio: short(ratio), own: short(own) }]),
  );
  return { ...baselines, [kind]: { machine, suites: { ...suites, [suite]: { ...kept, ...measured } } } };
}
