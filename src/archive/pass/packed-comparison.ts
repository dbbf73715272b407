import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { RedisConnection } from '../../connections/redis';
import { IdSet } from '../record/id-set';
import type { Target } from '../record/target';
import { CreationTimes, type Identities, identitiesIn, mostTimes } from '../truth/creation-times';
import type { Differences } from './differences';
import { identitiesBetween, type IdentityRows } from './packed-ids';
import { unproven } from './unproven';

export interface PackedComparisonOptions {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly differences: Differences;
  /** Of the packed kind. */
  readonly target: () => Target;
  /** About how much memory the ids may take that wait to be compared. */
  readonly heldBytes: number;
}

/** Some of the ids, rising, and what both sides have under them. */
interface Page {
  readonly ids: readonly string[];
  answers: Promise<readonly [times: Buffer, rows: IdentityRows]> | undefined;
}

/** Of one id there may be several rows, of several lives of Redis; and rows of ids that Redis has no more. */
const rowsForId = 4;

/**
 * Compares records of the packed kind, which never change: their ids and creation times are all there is to compare. What a walk meets waits
 * here, a bit each, until the walk is through: in their order Postgres reads a row in a twentieth of the time that it takes to look for
 * one. What is not surely the same it is asked for by identity, in its own types.
 *
 * While a page is compared, both sides read the next one, and never more: see full-pass.ts.
 */
export class PackedComparison {
  readonly #options: PackedComparisonOptions;
  readonly #times: CreationTimes;
  #waiting: IdSet;
  #page: Page | undefined;
  #ahead: Page | undefined;

  constructor(options: PackedComparisonOptions) {
    this.#options = options;
    this.#times = new CreationTimes(options.redis);
    this.#waiting = new IdSet(options.heldBytes);
  }

  /** Has a record wait for `some`, which is not to be called before all have come. @returns false if there is no room for it */
  offer(id: number): boolean {
    return this.#waiting.offer(id);
  }

  /** How many records wait. */
  get size(): number {
    return this.#waiting.size + (this.#page?.ids.length ?? 0);
  }

  /** Has what was read ahead read again, after a failure. */
  repeat(): void {
    for (const page of [this.#page, this.#ahead]) if (page !== undefined) page.answers = undefined;
  }

  /** Compares some of the records that wait. @returns ids of those that Postgres lacks, or that cannot be compared */
  async some(): Promise<readonly string[]> {
    const page = (this.#page ??= this.#next());
    const [times, rows] = await (page.answers ??= this.#ask(page.ids));
    if (this.#waiting.size > 0) {
      this.#ahead ??= this.#next();
      this.#ahead.answers ??= this.#ask(this.#ahead.ids);
      this.#ahead.answers.catch(() => undefined); // thrown when it is awaited
    }
    const lacking = await this.#lacking(identitiesIn(unproven(page.ids, times, rows)));
    this.#page = this.#ahead;
    this.#ahead = undefined;
    if (this.size === 0) this.#waiting = new IdSet(this.#options.heldBytes); // for another walk
    return lacking;
  }

  /** The same of records that cannot wait. @param ids any numbers */
  async compare(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return []; // there may be no such kind
    return this.#lacking(await this.#times.identities(this.#options.target().kind, ids));
  }

  #next(): Page {
    return { ids: this.#waiting.take(mostTimes), answers: undefined };
  }

  #ask(ids: readonly string[]): Promise<readonly [Buffer, IdentityRows]> {
    const { postgres, target } = this.#options;
    const [first = '', last = ''] = [ids[0], ids.at(-1)];
    return Promise.all([
      this.#times.read(target().kind, ids),
      identitiesBetween(postgres, target(), first, last, ids.length * rowsForId),
    ]);
  }

  async #lacking({ identities, unfit }: Identities): Promise<readonly string[]> {
    const { differences, target } = this.#options;
    const missing = await differences.missing(target().kind.name, identities);
    return [...unfit, ...missing.map(({ id }) => id)]; // the applier parks what is unfit
  }
}
