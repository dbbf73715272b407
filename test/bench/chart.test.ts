import { renderChart } from '../../bench/chart';
import type { Figure } from '../../bench/figure';

const drain: Figure = {
  name: 'drain of <1M> & more',
  covers: '',
  unit: '/s',
  rounds: [90_000, 60_000, 75_000],
  comparisons: [
    { name: 'COPY', kind: 'floor', rounds: [50_000] },
    { name: 'the document', kind: 'rival', rounds: [25_000] },
  ],
};

const widths = (svg: string): number[] =>
  [...svg.matchAll(/<rect x="\d+"[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]));

test('bars of a group are as long as their medians are large', () => {
  const [own = 0, copy = 0, document = 0, ...others] = widths(renderChart('archive', [drain]));
  expect(others).toEqual([]);
  expect(copy / own).toBeCloseTo(50 / 75, 2);
  expect(document / own).toBeCloseTo(25 / 75, 2);
});

test('each bar says its value, those beside ours the ratio', () => {
  const svg = renderChart('archive', [drain]);
  expect(svg).toContain('75,000/s');
  expect(svg).toContain('50,000/s (0.67× this)');
  expect(svg).toContain('25,000/s (3× better than this)');
});

test('figures that stand alone have no bars', () => {
  expect(widths(renderChart('archive', [{ ...drain, comparisons: [] }]))).toEqual([]);
});

test('names with markup in them are text', () => {
  const svg = renderChart('a < b', [drain]);
  expect(svg).toContain('drain of &lt;1M&gt; &amp; more');
  expect(svg).toContain('a &lt; b');
});

const marks = (svg: string) =>
  [...svg.matchAll(/<line x1="([\d.]+)"[^>]*stroke-width="2"/g)].map(([, x]) => Number(x));

test('a mark stands where the bar is: at a share of the limit, at a multiple of the floor', () => {
  const barred = (kind: 'limit' | 'floor', factor: number): Figure => ({
    ...drain,
    comparisons: [{ name: 'COPY', kind, rounds: [50_000], factor }],
  });
  const [share = 0, ...none] = marks(renderChart('archive', [barred('limit', 0.9)]));
  expect(none).toEqual([]);
  expect((share - 340) / 330).toBeCloseTo(45 / 90, 2); // the longest is the best round, 90,000
  const [multiple = 0] = marks(renderChart('archive', [barred('floor', 2)]));
  expect((multiple - 340) / 330).toBeCloseTo(25 / 90, 2);
});
