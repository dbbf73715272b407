import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/foundation/package-root';
import { type Figure, judge } from './figure';
import { barsMet, figureRows, judgedFirst } from './figure-rows';
import { renderPage } from './page';
import { describeRun, type Run } from './run';
import { renderTable } from './table';

const folder = join(packageRoot, 'bench', 'results');

/** Writes bench/results/<suite>-<time>.json and <suite>-latest.json. @returns the path of the first */
export function writeResult(run: Run): string {
  mkdirSync(folder, { recursive: true });
  const figures = run.figures.map((figure) => ({ ...figure, judgements: judge(figure) }));
  const text = JSON.stringify({ ...run, figures }, null, 2) + '\n';
  const file = join(folder, `${run.suite}-${run.startedAt.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, text);
  writeFileSync(join(folder, `${run.suite}-latest.json`), text);
  return file;
}

/** Writes bench/results/latest.html: tables and charts of all suites that were measured. @returns its path */
export function writePage(runs: readonly Run[]): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'latest.html');
  writeFileSync(file, renderPage(runs));
  return file;
}

/** The figures as Markdown tables, which a terminal shows well enough, and below them what each of them covers. */
export function renderRun(run: Run): string {
  const { figures, failures, seconds } = run;
  const { barred, others } = judgedFirst(figures);
  const tables = [barred, others].filter((some) => some.length > 0);
  const lines = [
    `## ${run.suite}`,
    '',
    ...describeRun(run),
    ...tables.flatMap((some) => ['', ...table(some)]),
    '',
    barsMet(figures),
    `Seconds of each part: ${Object.entries(seconds)
      .map(([part, took]) => `${part} ${took}`)
      .join(', ')}.`,
    '',
    ...figures.map(({ name, covers }) => `- ${name}: ${covers}`),
    ...failures.map(({ part, message }) => `- NOT COUNTED, ${part}: ${message}`),
  ];
  return lines.join('\n') + '\n';
}

const table = (figures: readonly Figure[]): readonly string[] => {
  const { head, rows } = figureRows(figures);
  return renderTable([head, ...rows]);
};
