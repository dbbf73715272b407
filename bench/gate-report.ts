import { format } from './figure';
import { type Checked, fails, tolerance } from './gate';
import { renderTable } from './table';

/** The comparison as a table, the verdict below it. */
export function renderGate(suite: string, checked: readonly Checked[]): string {
  const number = (value: number | undefined) => (value === undefined ? '' : format(value, '×'));
  const rows = checked.map(({ name, before, now, change, verdict }) => [
    name,
    number(before),
    number(now),
    change === undefined ? '' : `${change > 0 ? '+' : ''}${(change * 100).toFixed(0)} %`,
    fails({ verdict }) ? verdict.toUpperCase() : verdict,
  ]);
  const failed = checked.filter(fails).length;
  const verdict =
    failed === 0
      ? `No ratio is more than ${tolerance * 100} % worse than in the baseline.`
      : `${failed} of ${checked.length} ratios: more than ${tolerance * 100} % worse than in the baseline, or missing.`;
  return [
    `## gate: ${suite}`,
    '',
    ...renderTable([['figure / beside', 'baseline', 'now', 'change', 'verdict'], ...rows]),
    '',
    `${verdict} + is better. noisy: the median is beyond that; the best round is not, or the figure itself is not, and what stands beside it was faster.`,
    '',
  ].join('\n');
}

/** Why there is nothing to compare with, and what to do. */
export const renderNoBaseline = (
  kind: string,
  suites: readonly string[],
  others: readonly string[],
): string =>
  [
    `no baseline of ${suites.join(' and ')} for this kind of machine: ${kind}`,
    `  ${others.length === 0 ? 'There is none at all' : `Those that there are prove nothing here: ${others.join('; ')}`}.`,
    '  Write one from the commit that you come from, and compare with it:',
    '    git worktree add ../before <commit>',
    `    (cd ../before && npm run bench -- ${suites.join(' ')} --write-baseline)`,
    `    npm run bench -- ${suites.join(' ')} --gate --baseline ../before/bench/baseline.json`,
  ].join('\n');
