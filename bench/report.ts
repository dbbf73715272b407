import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/foundation/package-root';
import { renderChart } from './chart';
import { type Figure, format, judge } from './figure';
import type { Machine } from './machine';
import type { Outcome } from './suite';
import { renderTable } from './table';

export interface Run extends Outcome {
  readonly suite: string;
  readonly command: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Machine;
}

/** Writes bench/results/<suite>-<time>.json, <suite>-latest.json and a chart, <suite>-latest.svg. @returns the path of the first. */
export function writeResult(run: Run): string {
  const folder = join(packageRoot, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const figures = run.figures.map((figure) => ({ ...figure, judgements: judge(figure) }));
  const text = JSON.stringify({ ...run, figures }, null, 2) + '\n';
  const file = join(folder, `${run.suite}-${run.startedAt.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, text);
  writeFileSync(join(folder, `${run.suite}-latest.json`), text);
  const title = `Millrace ${run.machine.millrace}, ${run.suite}: ${run.machine.cores} cores, ${run.machine.cpu}`;
  writeFileSync(join(folder, `${run.suite}-latest.svg`), renderChart(title, run.figures));
  return file;
}

/** The figures as a Markdown table, which a terminal shows well enough, and below it what each of them covers. */
export function renderRun(run: Run): string {
  const { machine } = run;
  const lines = [
    `## ${run.suite}`,
    '',
    `${run.command}, ${run.startedAt}: medians of ${run.rounds}, ${run.seconds} s in all.`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}; Node ${machine.node}, ` +
      `Redis ${machine.redis}, SQLite ${machine.sqlite}, Postgres ${machine.postgres}; Millrace ${machine.millrace}, commit ${machine.commit}.`,
  ];
  if (run.quick) lines.push('Quick run: smaller sizes than the bars are meant for. Not for quoting.');
  lines.push('', ...table(run.figures), '', ...run.figures.map(({ name, covers }) => `- ${name}: ${covers}`));
  for (const { part, message } of run.failures) lines.push(`- NOT COUNTED, ${part}: ${message}`);
  return lines.join('\n') + '\n';
}

function table(figures: readonly Figure[]): readonly string[] {
  const rows = [['figure', 'Millrace', '(min to max)', 'beside', 'its figure', 'ratio', 'bar', 'met']];
  for (const figure of figures) {
    const { unit, rounds } = figure;
    judge(figure).forEach(({ value, against, bar, met }, index) => {
      const own = [
        figure.name,
        format(value, unit),
        `${format(Math.min(...rounds), unit)} to ${format(Math.max(...rounds), unit)}`,
      ];
      rows.push([
        ...(index === 0 ? own : ['', '', '']),
        against?.name ?? '',
        against === undefined ? '' : format(against.value, unit),
        against === undefined ? '' : format(against.ratio, '×'),
        bar,
        met === undefined ? '' : met ? 'yes' : 'NO',
      ]);
    });
  }
  return renderTable(rows);
}
