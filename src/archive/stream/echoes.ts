import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { beforeAll, compareEntryIds } from './entry-id';
import { Numbers } from './numbers';

/** Records remembered: more than can be on their way through the mirror at once. */
const kept = 50_000;
/** So long after a record came by value more of them are expected. */
const expectedMs = 1_000;
/** The longest wait for the tail, and how often it is looked at. */
const patienceMs = 1_000;
const lookMs = 2;

interface Echoing {
  readonly position: string;
  readonly echoing: readonly number[];
}

/**
 * Predictions that came through the stream by value. Our own function library writes their keys as well, of which
 * Redis notifies the mirror: that is an echo, and nothing to look up.
 */
export class Echoes {
  readonly #lastEntryId: () => Promise<string>;
  #recent = new Numbers();
  #older = new Numbers();
  #readUntil = beforeAll;
  #carriedAt = -Infinity;

  /** @param lastEntryId of the stream, as it is now */
  constructor(lastEntryId: () => Promise<string>) {
    this.#lastEntryId = lastEntryId;
  }

  /** The tail has read a page: what it carries will soon be known. */
  expect({ echoing }: Echoing): void {
    if (echoing.length > 0) this.#carriedAt = performance.now();
  }

  /**
   * What becomes of a page is known, though it is not applied yet: it is remembered, for its echoes may arrive before that. Not sooner: of a record
   * that turns out to fit no row, the next notification is of whoever mends it.
   */
  read({ position, echoing }: Echoing): void {
    this.#readUntil = position;
    for (const id of echoing) this.#recent.add(id);
    if (this.#recent.size < kept) return;
    this.#older = this.#recent;
    this.#recent = new Numbers();
  }

  /** @param id what follows the prefix in the key of a prediction, latin1 */
  has(id: string): boolean {
    const number = numberIn(id);
    return this.#recent.has(number) || this.#older.has(number);
  }

  /**
   * While records come by value: until the tail has read what the stream holds now, so that `has` knows all whose notifications
   * have arrived (a function writes into the stream first). Never for long, for a record taken for news is only looked up.
   * @param enough has this lasted long enough?
   */
  async settle(enough: () => boolean): Promise<void> {
    await turn(); // the tail's connection may have something as well
    if (performance.now() - this.#carriedAt > expectedMs) return;
    const deadline = performance.now() + patienceMs;
    const last = await this.#lastEntryId().catch(() => beforeAll); // whoever writes next will say so
    const behind = () => compareEntryIds(this.#readUntil, last) < 0;
    while (behind() && !enough() && performance.now() < deadline) await delay(lookMs);
  }

  /** Deleted: its id may come back. */
  delete(id: string): void {
    this.#recent.delete(numberIn(id));
    this.#older.delete(numberIn(id));
  }

  /** Redis went backwards: the same ids may mean other records. */
  clear(): void {
    this.#recent = new Numbers();
    this.#older = new Numbers();
  }
}

/** Ids of more digits, which no counter reaches, are not remembered: their echoes are looked up. */
const mostDigits = 15;

/** NaN for what is not the one way to write a number. */
function numberIn(id: string): number {
  if (id.length > mostDigits || (id.length > 1 && id.startsWith('0'))) return NaN;
  let number = 0;
  for (let at = 0; at < id.length; at++) {
    const digit = id.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return id === '' ? NaN : number;
}
