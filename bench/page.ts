import { renderChart } from './chart';
import type { Figure } from './figure';
import { barsMet, figureRows, judgedFirst } from './figure-rows';
import { escape } from './markup';
import { describeRun, type Run } from './run';

const style = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #111827; background: #fff; margin: 2rem auto; max-width: 72rem; padding: 0 1rem }
  .wide { overflow-x: auto }
  table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
  th, td { text-align: left; padding: .2rem .6rem; border-bottom: 1px solid #e5e7eb; white-space: nowrap }
  td:first-child { white-space: normal; min-width: 16rem }
  .yes { color: #15803d } .NO { color: #b91c1c; font-weight: 600 }
  dt { font-weight: 600 } dd { margin: 0 0 .6rem }`;

/** All that was measured as one page that needs nothing else: what has a bar, the charts, the rest. */
export const renderPage = (runs: readonly Run[]): string =>
  [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<title>Millrace: what was measured</title>',
    `<style>${style}\n</style>`,
    '<h1>Millrace: what was measured</h1>',
    ...runs.flatMap(renderRun),
    '',
  ].join('\n');

function renderRun(run: Run): readonly string[] {
  const { suite, figures, failures } = run;
  const { barred, others } = judgedFirst(figures);
  return [
    `<h2>${escape(suite)}</h2>`,
    ...describeRun(run).map((line) => `<p>${escape(line)}</p>`),
    ...failures.map(
      ({ part, message }) => `<p class="NO">Not counted, ${escape(part)}: ${escape(message)}</p>`,
    ),
    `<h3>Beside a bar</h3><p>${barsMet(figures)}</p>`,
    ...table(barred),
    `<h3>Charts</h3><div class="wide">${renderChart(suite, figures)}</div>`,
    '<h3>The others</h3>',
    ...table(others),
    '<h3>What each covers</h3><dl>',
    ...figures.map(({ name, covers }) => `<dt>${escape(name)}</dt><dd>${escape(covers)}</dd>`),
    '</dl>',
  ];
}

function table(figures: readonly Figure[]): readonly string[] {
  const { head, rows } = figureRows(figures);
  const cells = (row: readonly string[]) =>
    row.map((cell) => `<td${cell === 'yes' || cell === 'NO' ? ` class="${cell}"` : ''}>${escape(cell)}</td>`);
  return [
    '<div class="wide"><table>',
    `<tr>${head.map((cell) => `<th scope="col">${escape(cell)}</th>`).join('')}</tr>`,
    ...rows.map((row) => `<tr>${cells(row).join('')}</tr>`),
    '</table></div>',
  ];
}
