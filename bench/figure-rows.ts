import { type Figure, format, judge } from './figure';

const head = ['figure', 'Millrace', '(min to max)', 'beside', 'its figure', 'ratio', 'bar', 'met'];

/** Figures as the rows of a table: one for each comparison. */
export function figureRows(figures: readonly Figure[]): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const rows = figures.flatMap((figure) => {
    const { name, unit, rounds } = figure;
    return judge(figure).map(({ value, against, bar, met }, index): readonly string[] => {
      const range = `${format(Math.min(...rounds), unit)} to ${format(Math.max(...rounds), unit)}`;
      return [
        ...(index === 0 ? [name, format(value, unit), range] : ['', '', '']),
        ...(against === undefined
          ? ['', '', '']
          : [against.name, format(against.value, unit), format(against.ratio, '×')]),
        bar,
        met === undefined ? '' : met ? 'yes' : 'NO',
      ];
    });
  });
  return { head, rows };
}

/** Those that have a bar, and the others. */
export function judgedFirst(
  figures: readonly Figure[],
): Readonly<Record<'barred' | 'others', readonly Figure[]>> {
  const hasBar = (figure: Figure) => judge(figure).some(({ met }) => met !== undefined);
  return { barred: figures.filter(hasBar), others: figures.filter((figure) => !hasBar(figure)) };
}

/** `17 of 20 bars are met.` */
export function barsMet(figures: readonly Figure[]): string {
  const met = figures.flatMap(judge).flatMap((one) => (one.met === undefined ? [] : [one.met]));
  return `${met.filter((one) => one).length} of ${met.length} bars are met.`;
}
