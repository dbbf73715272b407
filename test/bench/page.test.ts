import type { Figure } from '../../bench/figure';
import { renderPage } from '../../bench/page';
import type { Run } from '../../bench/run';
import { machine } from './some-machine';

const drain: Figure = {
  name: 'drain of <1M> & more',
  covers: 'from the first read',
  unit: '/s',
  rounds: [90_000, 60_000, 75_000],
  comparisons: [
    { name: 'COPY', kind: 'limit', rounds: [50_000], factor: 1.2 },
    { name: 'two', kind: 'limit', rounds: [100_000], factor: 0.8 },
  ],
};
const run: Run = {
  suite: 'archive',
  command: 'npm run bench',
  quick: false,
  rounds: 3,
  startedAt: '2026-11-30T00:00:00.000Z',
  took: 10,
  machine,
  figures: [drain],
  failures: [{ part: 'warm', message: '1 of <2> came back' }],
  seconds: { drain: 10 },
};

test('a figure stands beside its bar, with whether it is met', () => {
  const page = renderPage([run]);
  expect(page).toContain(
    '<td>COPY</td><td>50,000/s</td><td>1.50×</td><td>&gt;= 1.20×</td><td class="yes">yes</td>',
  );
  expect(page).toContain(
    '<td>two</td><td>100,000/s</td><td>0.75×</td><td>&gt;= 0.80×</td><td class="NO">NO</td>',
  );
  expect(page).toContain('1 of 2 bars are met.');
});

test('what was not counted is told', () => {
  expect(renderPage([run])).toContain('Not counted, warm: 1 of &lt;2&gt; came back');
});

test('the page needs nothing else: no script, and no address but the name of SVG', () => {
  const page = renderPage([run]).replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
  expect(page).toContain('<svg');
  expect(page).not.toMatch(/<script|<link|\bsrc=|href=|https?:|url\(/);
});
