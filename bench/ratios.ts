import { type Comparison, type Figure, judge, type Unit } from './figure';
import { median } from './median';

/** A figure beside one of its comparisons. */
export interface Ratio {
  /** `<figure> / <comparison>`. */
  readonly name: string;
  readonly kind: Comparison['kind'];
  readonly ratio: number;
  /** The same with the best round instead of the median one. */
  readonly best: number;
  /** The figure itself. */
  readonly own: number;
  readonly unit: Unit;
}

/** Ratios of what was measured in the same run. */
export function ratiosOf(figures: readonly Figure[]): readonly Ratio[] {
  return figures.flatMap((figure) => {
    const best = { ...figure, rounds: [bestOf(figure)] };
    return figure.comparisons.flatMap((comparison, index): Ratio[] => {
      const ratio = judge(figure)[index]?.against?.ratio;
      const ofBest = judge(best)[index]?.against?.ratio;
      if (comparison.quoted === true || ratio === undefined || ofBest === undefined) return [];
      const name = `${figure.name} / ${comparison.name}`;
      const { rounds, unit } = figure;
      return [{ name, kind: comparison.kind, ratio, best: ofBest, own: median(rounds), unit }];
    });
  });
}

const bestOf = ({ unit, rounds }: Figure): number =>
  unit === '/s' ? Math.max(...rounds) : Math.min(...rounds);
