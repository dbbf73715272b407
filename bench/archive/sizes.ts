/** How much each part of the archive benchmark works through. */
export interface Sizes {
  /** The document's table. */
  readonly models: readonly number[];
  readonly predictions: number;
  /** Records of a Redis that is synced for the first time, ascending. */
  readonly firstSyncs: readonly number[];
  /** Records that wait for the daemon: many; for one that has just been started; on a database never served. And records of plain writers. */
  readonly backlog: number;
  readonly started: readonly number[];
  readonly fresh: number;
  readonly mirrored: number;
  /** Rows in the table before more are added, ascending; and how many are added. */
  readonly growth: readonly number[];
  /** Which of `growth` the others are held against. */
  readonly growthBase: number;
  readonly batch: number;
  /** Predictions that a full pass compares; and so many that nobody waits for it unless it is named, with a part of them beside which they stand. */
  readonly passed: number;
  readonly huge: readonly [base: number, most: number];
  /** Seconds of one round of latencies; of each rate above the usual ones; and those rates, predictions a second. */
  readonly latencySeconds: number;
  readonly ladderSeconds: number;
  readonly ladder: readonly number[];
  /** Records of one round of writing: each awaited, and many at once. */
  readonly writtenOne: number;
  readonly writtenMany: number;
  /** Seconds of plain writes at 5,000/s for the mirror's cost. */
  readonly mirrorSeconds: number;
  readonly idleMs: number;
}

const full: Sizes = {
  models: [10, 100, 1_000],
  predictions: 10_000,
  firstSyncs: [200_000, 1_000_000],
  backlog: 1_000_000,
  started: [100_000, 200_000],
  fresh: 200_000,
  mirrored: 300_000,
  growth: [10_000, 100_000, 1_000_000],
  growthBase: 100_000,
  batch: 20_000,
  passed: 1_000_000,
  huge: [1_000_000, 10_000_000],
  latencySeconds: 8,
  ladderSeconds: 20,
  ladder: [10_000, 20_000, 30_000, 40_000, 60_000],
  writtenOne: 10_000,
  writtenMany: 100_000,
  mirrorSeconds: 5,
  idleMs: 10_000,
};

const quick: Sizes = {
  ...full,
  firstSyncs: [100_000],
  backlog: 200_000,
  started: [100_000],
  fresh: 100_000,
  mirrored: 50_000,
  growth: [10_000, 50_000, 200_000],
  growthBase: 50_000,
  batch: 10_000,
  passed: 100_000,
  latencySeconds: 4,
  ladderSeconds: 5,
  ladder: [20_000],
  writtenOne: 3_000,
  writtenMany: 20_000,
  mirrorSeconds: 3,
  idleMs: 2_000,
};

/** To see whether it runs, in a minute or two: its figures mean nothing. */
const tiny: Sizes = {
  ...quick,
  models: [10],
  predictions: 500,
  firstSyncs: [1_000, 2_000],
  backlog: 3_000,
  started: [1_000, 2_000],
  fresh: 1_000,
  mirrored: 2_000,
  growth: [1_000, 2_000],
  growthBase: 1_000,
  batch: 500,
  passed: 2_000,
  huge: [1_000, 4_000],
  latencySeconds: 1,
  ladderSeconds: 2,
  ladder: [6_000],
  writtenOne: 100,
  writtenMany: 500,
  mirrorSeconds: 1,
  idleMs: 500,
};

export function sizesFor(isQuick: boolean): Sizes {
  if (process.env['MILLRACE_BENCH_TINY'] !== undefined) return tiny;
  return isQuick ? quick : full;
}
