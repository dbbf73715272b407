/** One write at a time, which goes on while what comes after it is got ready. */
export class WriteBehind {
  #last: Promise<void> = Promise.resolve();
  #isBusy = false;

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Begins a write as soon as the one before is through. @throws the error of that one */
  async start(write: () => Promise<void>): Promise<void> {
    await this.#last;
    this.#isBusy = true;
    this.#last = write().finally(() => {
      this.#isBusy = false;
    });
    this.#last.catch(() => undefined); // thrown by whichever comes next
  }

  /** Until the write under way is through. @throws its error */
  done(): Promise<void> {
    return this.#last;
  }

  /** The same, for when something else has failed. */
  async settled(): Promise<void> {
    await this.#last.catch(() => undefined);
  }
}
