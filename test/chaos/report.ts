import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../../bench/machine';
import { renderTable } from '../../bench/table';
import { packageRoot } from '../../src/foundation/package-root';
import { findingNames } from './judge';
import type { Outcome } from './run-fault';

export interface Report {
  readonly command: string;
  readonly seed: number;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly outcomes: readonly Outcome[];
}

export const isFound = (outcome: Outcome): boolean => findingNames.some((name) => outcome[name].length > 0);

const seconds = (ms: number | undefined): string => (ms === undefined ? '' : `${(ms / 1_000).toFixed(1)} s`);

/** A row for each fault: how much was written and seen, what must be 0, and how long things took. */
export function renderOutcomes(outcomes: readonly Outcome[]): string {
  const head = [
    'fault',
    'kills',
    'writes',
    'changes seen',
    ...findingNames,
    'converged',
    'red after',
    'green after',
  ];
  const rows = outcomes.map((outcome) =>
    outcome.leftOut === undefined
      ? [
          outcome.fault,
          String(outcome.kills),
          String(outcome.writes),
          String(outcome.sights),
          ...findingNames.map((name) => String(outcome[name].length)),
          outcome.converged === undefined ? 'never' : seconds(outcome.converged),
          seconds(outcome.red),
          outcome.green === undefined ? 'never' : seconds(outcome.green),
        ]
      : [outcome.fault, 'left out', ...head.slice(2).map(() => '')],
  );
  const sum = (of: (outcome: Outcome) => number) =>
    String(outcomes.reduce((all, outcome) => all + of(outcome), 0));
  const total = [
    'all',
    sum(({ kills }) => kills),
    sum(({ writes }) => writes),
    sum(({ sights }) => sights),
    ...findingNames.map((name) => sum((one) => one[name].length)),
    '',
    '',
    '',
  ];
  return renderTable([head, ...rows, ...(outcomes.length > 1 ? [total] : [])]).join('\n');
}

const mostLines = 8;

/** What was found, in words; a few of each. */
export function renderFindings(outcome: Outcome): readonly string[] {
  if (outcome.leftOut !== undefined) return [`  left out: ${outcome.leftOut}`];
  return findingNames.flatMap((name) => {
    const found = outcome[name];
    const shown = found
      .slice(0, mostLines)
      .map((one) => `  ${name}: ${one.length > 400 ? `${one.slice(0, 400)}…` : one}`);
    return found.length > mostLines ? [...shown, `  ${name}: … ${found.length} in all`] : shown;
  });
}

/** Writes test/chaos/results/<time>.json and latest.json. @returns the path of the first */
export function writeReport(report: Report): string {
  const folder = join(packageRoot, 'test', 'chaos', 'results');
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(report, null, 2) + '\n';
  const file = join(folder, `${report.startedAt.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, text);
  writeFileSync(join(folder, 'latest.json'), text);
  return file;
}
