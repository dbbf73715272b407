import type { Figure } from '../../bench/figure';
import { checkRatios, fails } from '../../bench/gate';
import { ratiosOf } from '../../bench/ratios';

const figure = (rounds: readonly number[], rest: Partial<Figure> = {}): Figure => ({
  name: 'pass',
  covers: '',
  unit: 'ms',
  rounds,
  comparisons: [
    { name: 'document', kind: 'rival', rounds: [1_000] },
    { name: 'reading', kind: 'floor', rounds: [50] },
  ],
  ...rest,
});

/** A baseline in which the figure was 100, whatever its unit. */
const measured = (baseline: Readonly<Record<string, number>>, own = 100) =>
  Object.fromEntries(Object.entries(baseline).map(([name, ratio]) => [name, { ratio, own }]));

const verdicts = (baseline: Readonly<Record<string, number>>, figures: readonly Figure[], own = 100) =>
  Object.fromEntries(
    checkRatios(measured(baseline, own), ratiosOf(figures)).map((one) => [
      one.name,
      [one.verdict, fails(one)],
    ]),
  );

const before = { 'pass / document': 10, 'pass / reading': 2 };

test('a ratio within 20 % of the baseline passes', () => {
  const found = verdicts(before, [figure([115, 118, 119])]);
  expect(found).toEqual({ 'pass / document': ['ok', false], 'pass / reading': ['ok', false] });
});

test('being slower fails beside a rival and beside a floor alike', () => {
  const found = verdicts(before, [figure([150, 160, 170])]);
  expect(found).toEqual({ 'pass / document': ['worse', true], 'pass / reading': ['worse', true] });
});

test('being faster passes beside a rival and beside a floor alike', () => {
  const found = verdicts(before, [figure([50, 60, 70])]);
  expect(found).toEqual({ 'pass / document': ['better', false], 'pass / reading': ['better', false] });
});

test('of a rate, more is better', () => {
  const copy = { name: 'COPY', kind: 'floor', rounds: [1_000] } as const;
  const rate = (rounds: readonly number[]) => figure(rounds, { unit: '/s', comparisons: [copy] });
  expect(verdicts({ 'pass / COPY': 1 }, [rate([700, 710, 720])], 1_000)).toEqual({
    'pass / COPY': ['worse', true],
  });
  expect(verdicts({ 'pass / COPY': 1 }, [rate([1_300])])).toEqual({ 'pass / COPY': ['better', false] });
});

test('a slow median with one round within the tolerance is noise, not a verdict', () => {
  const found = verdicts(before, [figure([101, 160, 170])]);
  expect(found).toEqual({ 'pass / document': ['noisy', false], 'pass / reading': ['noisy', false] });
});

test('a ratio is not worse where the figure itself is not: what stands beside it was faster', () => {
  const beside = (rounds: readonly number[]) =>
    figure([100], { comparisons: [{ name: 'reading', kind: 'floor', rounds }] });
  expect(verdicts(before, [beside([25])])['pass / reading']).toEqual(['noisy', false]);
  expect(verdicts(before, [beside([25])], 70)['pass / reading']).toEqual(['worse', true]);
});

test('what is in the baseline and was not measured fails; what is new does not', () => {
  const found = verdicts({ 'pass / document': 10, 'tail / COPY': 1 }, [figure([100])]);
  expect(found).toEqual({
    'pass / document': ['ok', false],
    'pass / reading': ['new', false],
    'tail / COPY': ['missing', true],
  });
});

test('of a limit, a larger share is better', () => {
  const copy = { name: 'COPY', kind: 'limit', rounds: [1_000] } as const;
  const rate = (rounds: readonly number[]) => figure(rounds, { unit: '/s', comparisons: [copy] });
  expect(verdicts({ 'pass / COPY': 1 }, [rate([700])], 1_000)).toEqual({ 'pass / COPY': ['worse', true] });
  expect(verdicts({ 'pass / COPY': 1 }, [rate([1_300])])).toEqual({ 'pass / COPY': ['better', false] });
});

test('figures quoted from a document are left out: they are of another machine', () => {
  const quoted = { name: 'document', kind: 'rival', quoted: true, rounds: [30_000] } as const;
  expect(ratiosOf([figure([100], { comparisons: [quoted] })])).toEqual([]);
});
