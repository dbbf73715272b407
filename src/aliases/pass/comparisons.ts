import type { Compared, TableComparison } from './comparison';
import { settleAll } from './settle-all';

export interface ComparisonsOptions {
  readonly types: readonly string[];
  readonly begin: (type: string) => TableComparison;
  /** Whether a mapping need not be compared, going by what is known by now: the whole table is sent to the sink. */
  readonly isWhole: (type: string) => boolean;
}

/** Compares one mapping after the other; while the last answer about one is on its way, the next one is read. */
export class Comparisons {
  readonly #options: ComparisonsOptions;
  readonly #running = new Map<string, TableComparison>();
  /** The result by type; 'all': Redis has no keys of it, or too many differ, so the whole table is sent to the sink. */
  readonly done = new Map<string, Compared | 'all'>();

  constructor(options: ComparisonsOptions) {
    this.#options = options;
  }

  /** Keys compared so far. */
  get total(): number {
    return [...this.done.values(), ...this.#running.values()].reduce(
      (sum, one) => sum + (one === 'all' ? 0 : one.total),
      0,
    );
  }

  /** Compares a page. May throw; called again, it compares that table from its start. @returns whether there is nothing left */
  async step(rows: number): Promise<boolean> {
    const { types, isWhole } = this.#options;
    const left = types.filter((type) => !this.done.has(type));
    for (const type of left.filter(isWhole)) {
      this.done.set(type, 'all');
      this.#running.delete(type);
    }
    const [first, second] = left.filter((type) => !this.done.has(type));
    if (first === undefined) return true;
    const both = second !== undefined && this.#running.get(first)?.walked === true;
    await settleAll((both ? [first, second] : [first]).map((type) => this.#compare(type, rows)));
    return types.every((type) => this.done.has(type));
  }

  async #compare(type: string, rows: number): Promise<void> {
    try {
      const work = this.#running.get(type) ?? this.#options.begin(type);
      this.#running.set(type, work);
      const found = await work.step(rows);
      if (found === 'more') return;
      this.done.set(type, found === 'too many' ? 'all' : found);
      this.#running.delete(type);
    } catch (error) {
      this.#running.delete(type); // its pages are in an unknown state
      throw error;
    }
  }
}
