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
      ? `No ratio is more than ${tolerance * 100} % worse than in bench/baseline.json.`
      : `${failed} of ${checked.length} ratios: more than ${tolerance * 100} % worse than in bench/baseline.json, or missing.`;
  return [
    `## gate: ${suite}`,
    '',
    ...renderTable([['figure / beside', 'baseline', 'now', 'change', 'verdict'], ...rows]),
    '',
    `${verdict} + is better. noisy: the median is beyond that, the best round is not.`,
    '',
  ].join('\n');
}
