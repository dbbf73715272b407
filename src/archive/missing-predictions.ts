import type { Differences } from './differences';
import type { Identity } from './id-map';

/** A transaction for so many costs much less than one for each chunk; and after so many chunks they have waited long enough. */
const enough = 4_000;
const patience = 50;
/** After more chunks than these the tail may have brought some of them: they are looked for once more. */
const soon = 2;

/** Predictions that a pass found missing, until there are enough of them. */
export class MissingPredictions {
  readonly #differences: Differences;
  #waiting: readonly Identity[] = [];
  /** Chunks for which the first of them has waited. */
  #chunks = 0;
  /** Handed over, and not yet known to be applied. */
  #handed: readonly Identity[] = [];

  constructor(differences: Differences) {
    this.#differences = differences;
  }

  /** Adds what a chunk found. @param last no chunk follows @returns ids to nominate now */
  async add(found: readonly Identity[], last: boolean): Promise<readonly string[]> {
    const waiting = [...this.#waiting, ...found];
    const chunks = waiting.length === 0 ? 0 : this.#chunks + 1;
    let missing: readonly Identity[] = [];
    if (last || waiting.length >= enough || chunks >= patience) {
      missing = chunks <= soon ? waiting : await this.#differences.missing('prediction', waiting);
      this.#handed = waiting;
      this.#waiting = [];
      this.#chunks = 0;
    } else {
      this.#waiting = waiting;
      this.#chunks = chunks;
    }
    return missing.map(({ id }) => id);
  }

  /** What was handed over has been applied. */
  applied(): void {
    this.#handed = [];
  }

  /** It may not have been: it waits again. */
  repeat(): void {
    this.#waiting = [...this.#handed, ...this.#waiting];
    this.#handed = [];
  }
}
