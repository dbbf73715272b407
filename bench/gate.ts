import type { Ratio } from './ratios';

/** Ratios by name. */
export type Baseline = Readonly<Record<string, number>>;

/**
 * `worse` fails. `noisy` does not: the median is beyond the tolerance, the best round within it, so the machine may be to blame.
 * `better` calls for a new baseline; `new` is in none yet; `missing` was not measured, which fails too.
 */
export type Verdict = 'ok' | 'worse' | 'noisy' | 'better' | 'new' | 'missing';

export interface Checked {
  readonly name: string;
  readonly before: number | undefined;
  readonly now: number | undefined;
  /** 0.1: 10 % better; -0.1: 10 % worse, whichever way the ratio is read. */
  readonly change: number | undefined;
  readonly verdict: Verdict;
}

export const tolerance = 0.2;

/** Compares ratios with those of the baseline. Times are not compared: they are another machine's. */
export function checkRatios(baseline: Baseline, ratios: readonly Ratio[]): readonly Checked[] {
  const found = new Set(ratios.map(({ name }) => name));
  const checked = ratios.map((ratio): Checked => {
    const before = baseline[ratio.name];
    const { name, ratio: now } = ratio;
    if (before === undefined) return { name, before, now, change: undefined, verdict: 'new' };
    const change = changeOf(ratio, now, before);
    const verdict = verdictOf(change, changeOf(ratio, ratio.best, before));
    return { name, before, now, change, verdict };
  });
  const missing = Object.keys(baseline).filter((name) => !found.has(name));
  return [
    ...checked,
    ...missing.map((name): Checked => {
      return { name, before: baseline[name], now: undefined, change: undefined, verdict: 'missing' };
    }),
  ];
}

/** A rival is to be beaten by much and a limit reached, a floor to be missed by little. */
const changeOf = ({ kind }: Ratio, now: number, before: number): number =>
  (kind === 'floor' ? before / now : now / before) - 1;

function verdictOf(change: number, best: number): Verdict {
  if (change > tolerance) return 'better';
  if (change >= -tolerance) return 'ok';
  return best >= -tolerance ? 'noisy' : 'worse';
}

export const fails = ({ verdict }: Pick<Checked, 'verdict'>): boolean =>
  verdict === 'worse' || verdict === 'missing';
