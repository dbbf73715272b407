import type { Ratio } from './ratios';

/** What was measured before: a ratio, and the figure of which it is. */
export interface Measured {
  readonly ratio: number;
  readonly own: number;
}

/** By the ratio's name. */
export type Baseline = Readonly<Record<string, Measured>>;

/**
 * `worse` fails: the ratio is, and the figure itself is, too. `noisy` does not: the ratio's median is beyond the tolerance, but its best
 * round is within it, or the figure is, and what stands beside it came out faster. So the machine may be to blame.
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

/** Compares ratios, and where they are worse the figures themselves, with the baseline, which is of the same kind of machine. */
export function checkRatios(baseline: Baseline, ratios: readonly Ratio[]): readonly Checked[] {
  const found = new Set(ratios.map(({ name }) => name));
  const checked = ratios.map((ratio): Checked => {
    const measured = baseline[ratio.name];
    const { name, ratio: now } = ratio;
    if (measured === undefined) return { name, before: undefined, now, change: undefined, verdict: 'new' };
    const { ratio: before, own } = measured;
    const change = changeOf(ratio, now, before);
    const mildest = Math.max(changeOf(ratio, ratio.best, before), ownChange(ratio, own));
    return { name, before, now, change, verdict: verdictOf(change, mildest) };
  });
  const missing = Object.keys(baseline).filter((name) => !found.has(name));
  return [
    ...checked,
    ...missing.map((name): Checked => {
      return { name, before: baseline[name]?.ratio, now: undefined, change: undefined, verdict: 'missing' };
    }),
  ];
}

/** A rival is to be beaten by much and a limit reached, a floor to be missed by little. */
const changeOf = ({ kind }: Ratio, now: number, before: number): number =>
  (kind === 'floor' ? before / now : now / before) - 1;

const ownChange = ({ unit, own }: Ratio, before: number): number =>
  (unit === '/s' ? own / before : before / own) - 1;

function verdictOf(change: number, mildest: number): Verdict {
  if (change > tolerance) return 'better';
  if (change >= -tolerance) return 'ok';
  return mildest >= -tolerance ? 'noisy' : 'worse';
}

export const fails = ({ verdict }: Pick<Checked, 'verdict'>): boolean =>
  verdict === 'worse' || verdict === 'missing';
