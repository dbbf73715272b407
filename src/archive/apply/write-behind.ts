import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Behind } from './relay';

/**
 * Writes that go on while what comes after them is got ready: one at a time, or two of plain records, of which the first only waits for its
 * commit. All rows are written in order.
 */
export class WriteBehind {
  readonly #connections: readonly [PostgresConnection, PostgresConnection];
  #turn = 0;
  #last: Promise<void> = Promise.resolve();
  /** The one before the last. */
  #before: Promise<void> = Promise.resolve();
  /** Until the rows of the last one are written; never rejects. */
  #rows: Promise<void> = Promise.resolve();
  #isBusy = false;

  /** @param connections which take turns, when there are two writes */
  constructor(connections: readonly [PostgresConnection, PostgresConnection]) {
    this.#connections = connections;
  }

  /** Whether rows are being written. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Begins a write as soon as the one before is through. @throws the error of that one */
  async start(write: () => Promise<void>): Promise<void> {
    await this.#last;
    this.#begin(write);
  }

  /** Begins a write of plain records as soon as the one before the last is through. @throws the error of that one */
  async startBehind(write: (behind: Behind) => Promise<void>): Promise<void> {
    await this.#before;
    const previous = this.#last;
    const before = this.#rows;
    const postgres = this.#connections[this.#turn++ % 2 === 0 ? 0 : 1];
    this.#begin((done) => write({ previous, postgres, rows: { before, done } }));
  }

  #begin(write: (written: () => void) => Promise<void>): void {
    this.#isBusy = true;
    this.#before = this.#last;
    let resolve: () => void = () => undefined;
    const rows = new Promise<void>((settle) => (resolve = settle));
    const written = () => {
      resolve();
      if (this.#rows === rows) this.#isBusy = false;
    };
    this.#rows = rows;
    this.#last = write(written).finally(written);
    this.#last.catch(() => undefined); // thrown by whichever comes next
  }

  /** Until the writes under way are through. @throws the error of the first that failed */
  async done(): Promise<void> {
    await this.#before;
    await this.#last;
  }

  /** The same, for when something else has failed. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#before, this.#last]);
  }
}
