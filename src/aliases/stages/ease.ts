import { statSync } from 'node:fs';
import type { Stage } from '../../pipeline/turns';
import type { AliasSource } from '../source/source';

export interface EaseOptions {
  /** The open file; undefined before it was opened. */
  readonly source: () => Pick<AliasSource, 'options' | 'realPath'> | undefined;
  /** Whether something waits that the file tells nothing of. */
  readonly mustTurn: () => boolean;
}

/** A turn follows the last one after this long, whatever the files look like: their times may be coarse. What is due by the clock is no more punctual than that. */
const turnMs = 200;
/** How long after a change each look of the poll leads to a turn: it may be written before it can be read, and another may bear the same time. */
const calmMs = 1_000;

/**
 * Tells the poll whether a turn is needed: it looks forty times a second, and a turn costs many times what a look at two files does. The stage `begin` is the first
 * of a turn, `rest` the last of one that had nothing to do.
 */
export class Ease {
  readonly #options: EaseOptions;
  #looks = '';
  #changedAt = -Infinity;
  #turnAt = -Infinity;
  #resting = false;

  constructor(options: EaseOptions) {
    this.#options = options;
  }

  readonly needsTurn = (): boolean => {
    const now = performance.now();
    return !this.#resting || !this.#isCalm(now) || now - this.#turnAt >= turnMs || this.#options.mustTurn();
  };

  readonly begin: Stage = () => {
    this.#resting = false; // until this turn has come to its end
    this.#turnAt = performance.now();
    return undefined;
  };

  readonly rest: Stage = () => {
    this.#isCalm(performance.now());
    this.#resting = true;
    return undefined;
  };

  #isCalm(now: number): boolean {
    const looks = looksOf(this.#options.source());
    if (looks !== this.#looks) this.#changedAt = now;
    this.#looks = looks;
    return now - this.#changedAt >= calmMs;
  }
}

function looksOf(source: ReturnType<EaseOptions['source']>): string {
  if (source === undefined) return '';
  const { options, realPath } = source;
  return [options.path, `${realPath}-wal`]
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((found) => (found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`))
    .join();
}
