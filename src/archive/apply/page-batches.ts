import { Batch } from '../batch/batch';
import type { KnownId } from '../batch/carried-copy';
import type { DeadLetter } from '../letters/dead-letters';
import type { Page } from '../tail/stream';

/**
 * What becomes of pages. Each batch is made once, and mostly ahead of its turn, while the page before is on its way: ids that are not
 * known by then, or not any more, are found out in its transaction.
 */
export class PageBatches {
  readonly #known: KnownId;
  readonly #onLetters: (letters: readonly DeadLetter[]) => void;
  readonly #made = new WeakMap<Page, Batch>();

  /** @param onLetters told of what cannot be applied */
  constructor(known: KnownId, onLetters: (letters: readonly DeadLetter[]) => void) {
    this.#known = known;
    this.#onLetters = onLetters;
  }

  of(page: Page): Batch {
    const made = this.#made.get(page);
    if (made !== undefined) return made;
    const batch = new Batch();
    for (const letter of page.letters) batch.letters.push(letter);
    for (const carried of page.carried) batch.addCarried(carried, this.#known);
    this.#onLetters(batch.letters);
    this.#made.set(page, batch);
    return batch;
  }
}
