import { median } from './median';

export type Unit = 'ms' | 'ms/min' | 'µs' | '/s' | 'MB' | 'B' | '%' | '×';

/** What a figure is held against, measured in the same run. */
export interface Comparison {
  readonly name: string;
  /**
   * `rival`: another way to do the job, to be beaten. `floor`: the least the job can cost, not to be missed by much. `limit`: what can be
   * taken at the most, of which ours is a share.
   */
  readonly kind: 'rival' | 'floor' | 'limit';
  readonly rounds: readonly number[];
  /** rival: at least so many times faster; floor: within so many times; limit: at least this share of its speed. */
  readonly factor?: number | undefined;
  /** Taken from a document, not measured here: what its ratio says depends on the machine. */
  readonly quoted?: true;
}

/** One measured number: a value for each round, of which the median counts. */
export interface Figure {
  readonly name: string;
  /** What is inside the number and what is not. */
  readonly covers: string;
  readonly unit: Unit;
  readonly rounds: readonly number[];
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly comparisons: readonly Comparison[];
}

/** A figure beside one of its comparisons; `met` is undefined where no bar is set. */
export interface Judgement {
  readonly value: number;
  readonly against?: { readonly name: string; readonly value: number; readonly ratio: number };
  readonly bar: string;
  readonly met: boolean | undefined;
}

/** How many times better than the rival, how many times the floor, or which share of the limit's speed: 1 is as fast. */
function ratioOf(figure: Figure, { kind, rounds }: Comparison): number {
  const value = median(figure.rounds);
  const other = median(rounds);
  const slowdown = figure.unit === '/s' ? other / value : value / other;
  return kind === 'floor' ? slowdown : 1 / slowdown;
}

/** One judgement for each comparison, at least one; the figure's own bar is in the first. */
export function judge(figure: Figure): readonly Judgement[] {
  const value = median(figure.rounds);
  const { atMost, atLeast, unit, comparisons } = figure;
  const own: (readonly [string, boolean])[] = [];
  if (atMost !== undefined) own.push([`<= ${format(atMost, unit)}`, value <= atMost]);
  if (atLeast !== undefined) own.push([`>= ${format(atLeast, unit)}`, value >= atLeast]);
  const sum = (bars: typeof own) => ({
    bar: bars.map(([text]) => text).join(', '),
    met: bars.length === 0 ? undefined : bars.every(([, met]) => met),
  });
  if (comparisons.length === 0) return [{ value, ...sum(own) }];
  return comparisons.map((comparison, index) => {
    const { name, kind, rounds, factor } = comparison;
    const ratio = ratioOf(figure, comparison);
    const bars = index === 0 ? [...own] : [];
    if (factor !== undefined) {
      const within = kind === 'floor';
      bars.push([
        `${within ? 'within' : '>='} ${format(factor, '×')}`,
        within ? ratio <= factor : ratio >= factor,
      ]);
    }
    return { value, against: { name, value: median(rounds), ratio }, ...sum(bars) };
  });
}

export function format(value: number, unit: Unit): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const [from, to] = Number.isInteger(value) ? [0, 0] : [digits, digits];
  const options = { minimumFractionDigits: from, maximumFractionDigits: to };
  return `${value.toLocaleString('en-US', options)}${unit === '/s' || unit === '×' ? '' : ' '}${unit}`;
}

export const count = (value: number): string => value.toLocaleString('en-US');
