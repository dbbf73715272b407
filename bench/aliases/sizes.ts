/** How much each part of the alias benchmark works through. */
export interface Sizes {
  /** Rows that are usual, and rows that must work. */
  readonly usual: number;
  readonly large: number;
  /** Spaced single changes in one round. */
  readonly mutations: number;
  /** Aliases changed in one transaction. */
  readonly burst: number;
  readonly idleMs: number;
  /** Writes of each kind when the triggers are measured. */
  readonly writes: number;
}

export const sizesFor = (quick: boolean): Sizes =>
  quick
    ? { usual: 20_000, large: 100_000, mutations: 200, burst: 20_000, idleMs: 2_000, writes: 5_000 }
    : { usual: 200_000, large: 1_000_000, mutations: 1_000, burst: 200_000, idleMs: 10_000, writes: 20_000 };
