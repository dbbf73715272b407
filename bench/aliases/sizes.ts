/** How much each part of the alias benchmark works through. */
export interface Sizes {
  /** Rows that are usual; and few and many, over which passes go. */
  readonly usual: number;
  readonly few: number;
  readonly many: readonly number[];
  /** So many that nobody waits for it unless it is named, and a part of them beside which they stand. */
  readonly huge: readonly [base: number, most: number];
  /** Spaced single changes in one round. */
  readonly mutations: number;
  /** Aliases changed in one transaction. */
  readonly burst: number;
  /** Writes of each kind when the triggers are measured. */
  readonly writes: number;
}

const full: Sizes = {
  usual: 200_000,
  few: 20_000,
  many: [100_000, 1_000_000],
  huge: [1_000_000, 10_000_000],
  mutations: 1_000,
  burst: 200_000,
  writes: 20_000,
};

const quick: Sizes = {
  ...full,
  usual: 20_000,
  many: [100_000],
  mutations: 200,
  burst: 20_000,
  writes: 5_000,
};

/** To see whether it runs: its figures mean nothing. */
const tiny: Sizes = {
  usual: 2_000,
  few: 1_000,
  many: [20_000],
  huge: [20_000, 40_000],
  mutations: 20,
  burst: 2_000,
  writes: 1_000,
};

export function sizesFor(isQuick: boolean): Sizes {
  if (process.env['MILLRACE_BENCH_TINY'] !== undefined) return tiny;
  return isQuick ? quick : full;
}
