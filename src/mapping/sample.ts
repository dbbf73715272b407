/** A key, and what both sides have for it, as text, cut. It has contents: only whoever may see these gets it. */
export interface KeySample {
  readonly key: string;
  /** Which record under that key, if it holds several. */
  readonly record?: string;
  /** What the target should hold, going by the source. */
  readonly source: string | null;
  /** What it holds. */
  readonly target: string | null;
  /** `skipped`: the row was there before, is otherwise, and stays so. */
  readonly state: 'same' | 'different' | 'missing' | 'unfit' | 'skipped';
  /** Which columns differ, or why the record is unfit. */
  readonly why?: string;
}

/** A few keys of one mapping. Both sides are read one after the other, so that a change on its way may look like a difference. */
export interface MappingSample {
  readonly keys: readonly KeySample[];
  /** Why there are no more. */
  readonly note: string | null;
  /** How many rows the target's table has; null: not asked. `about`: an estimate of Postgres. */
  readonly rows: { readonly count: number; readonly about: boolean } | null;
}

/** How many keys are shown. */
export const sampleKeys = 5;
const shownChars = 2_000;

export const cutSample = (text: string): string =>
  text.length <= shownChars ? text : `${text.slice(0, shownChars)}… (${text.length} characters)`;

export const noSample = (note: string): MappingSample => ({ keys: [], note, rows: null });
