import { setImmediate as turn } from 'node:timers/promises';
import { Batch } from '../batch/batch';
import type { KnownId } from '../batch/carried-copy';
import { type Strangers, strangersIn } from '../batch/strangers';
import type { DeadLetter } from '../letters/dead-letters';
import type { Page } from '../tail/stream';

/** A batch, how many of the values that its page carries are in it, and their bytes. */
interface Making {
  readonly batch: Batch;
  values: number;
  bytes: number;
  isMade: boolean;
}

/** So many bytes of records, a fifth of a millisecond, are dealt with before others get their turn. */
const sliceBytes = 32 * 1024;

/**
 * What becomes of pages. Each batch is made once, and mostly ahead of its turn, while the page before is on its way: ids that are not
 * known by then, or not any more, are found out in its transaction.
 */
export class PageBatches {
  readonly #known: KnownId;
  readonly #onMade: (page: Page, letters: readonly DeadLetter[]) => void;
  readonly #made = new WeakMap<Page, Making>();

  /** @param onMade told of each page of which is known what of it cannot be applied */
  constructor(known: KnownId, onMade: (page: Page, letters: readonly DeadLetter[]) => void) {
    this.#known = known;
    this.#onMade = onMade;
  }

  /**
   * Makes the batch of a page that has come, unless parents of its records are to be asked for first. A slice at a time: the pages before
   * wait for answers of Postgres, which are not to wait for this.
   */
  async ahead(page: Page): Promise<void> {
    if (this.strangersIn(page).size > 0) return;
    const making = this.#begun(page);
    for (let until = sliceBytes; this.#makeMore(page);) {
      if (making.bytes < until) continue;
      await turn();
      until = making.bytes + sliceBytes;
    }
  }

  /** Parents without which records of a page would become rows one by one. Empty once its batch is begun. */
  strangersIn(page: Page): Strangers {
    return this.#made.has(page) ? new Map() : strangersIn(page.carried, this.#known);
  }

  of(page: Page): Batch {
    while (this.#makeMore(page));
    return this.#begun(page).batch;
  }

  /** @returns whether there is more to make */
  #makeMore(page: Page): boolean {
    const making = this.#begun(page);
    if (making.isMade) return false;
    const carried = page.carried[making.values];
    if (carried === undefined) {
      making.isMade = true;
      this.#onMade(page, making.batch.letters);
      return false;
    }
    making.batch.addCarried(carried, this.#known);
    making.values++;
    making.bytes += carried.value.length;
    return true;
  }

  #begun(page: Page): Making {
    let making = this.#made.get(page);
    if (making === undefined) {
      making = { batch: new Batch(), values: 0, bytes: 0, isMade: false };
      this.#made.set(page, making);
      for (const letter of page.letters) making.batch.letters.push(letter);
    }
    return making;
  }
}
