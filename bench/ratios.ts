import { type Comparison, type Figure, judge } from './figure';

/** A figure beside one of its comparisons. */
export interface Ratio {
  /** `<figure> / <comparison>`. */
  readonly name: string;
  readonly kind: Comparison['kind'];
  readonly ratio: number;
  /** The same with the best round instead of the median one. */
  readonly best: number;
}

/** Ratios of what was measured in the same run. */
export function ratiosOf(figures: readonly Figure[]): readonly Ratio[] {
  return figures.flatMap((figure) => {
    const best = { ...figure, rounds: [bestOf(figure)] };
    return figure.comparisons.flatMap((comparison, index): Ratio[] => {
      const ratio = judge(figure)[index]?.against?.ratio;
      const ofBest = judge(best)[index]?.against?.ratio;
      if (comparison.quoted === true || ratio === undefined || ofBest === undefined) return [];
      return [{ name: `${figure.name} / ${comparison.name}`, kind: comparison.kind, ratio, best: ofBest }];
    });
  });
}

const bestOf = ({ unit, rounds }: Figure): number =>
  unit === '/s' ? Math.max(...rounds) : Math.min(...rounds);
