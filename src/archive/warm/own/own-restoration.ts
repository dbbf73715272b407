import type { TextRow, Transaction } from '../../../connections/postgres/postgres';
import type { OwnKind } from '../../../mapping/kinds';
import type { Found } from '../../record/found';
import { type Row, toRow } from '../../record/row';
import type { Target } from '../../record/target';
import { isUnfit } from '../../record/unfit';
import { ownWhole } from '../../write/expectation';
import { findUnlike } from '../../write/find-unlike';
import { isDataError } from '../../write/isolate';
import type { KeyRestorer } from './key-restorer';
import { idOf, keyOfRow } from './contents';
import { fitting, type Tallies, tallyOf } from '../tally';

export interface OwnRestorationOptions {
  readonly transaction: Transaction;
  readonly restorer: KeyRestorer;
  readonly tallies: Tallies;
}

/** Brings keys of the user's own from Postgres into Redis. */
export class OwnRestoration {
  readonly #options: OwnRestorationOptions;

  constructor(options: OwnRestorationOptions) {
    this.#options = options;
  }

  /** @param rows as own-rows.sql has them @returns how many records they are */
  async restore(target: Target, kind: OwnKind, rows: readonly TextRow[]): Promise<number> {
    const { restorer, tallies } = this.#options;
    const tally = tallyOf(tallies, kind);
    const made = rows.flatMap((row) => {
      const id = idOf(kind, row);
      if (id === undefined) tally.foreign++;
      return id === undefined ? [] : (fitting(tally, () => keyOfRow(kind, id, row)) ?? []);
    });
    const unlike = await this.#unlike(target, made.flatMap(({ found }) => found)); // prettier-ignore
    const keys = made.filter(({ found }) => !found.some((one) => unlike.has(one)));
    tally.unlike += made.length - keys.length;
    const outcomes = await restorer.restore(kind, keys);
    for (const is of outcomes) tally[is]++;
    return rows.length;
  }

  /** The records that a pass would find different from their rows: asked of Postgres, which knows its types and what its triggers make of a value. */
  async #unlike(target: Target, found: readonly Found[]): Promise<ReadonlySet<Found>> {
    const unlike = new Set<Found>();
    const rows: Row[] = [];
    for (const one of found) {
      try {
        rows.push(toRow(one));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        unlike.add(one);
      }
    }
    for (const row of await this.#differing(target, rows)) unlike.add(row.found);
    return unlike;
  }

  /** A single value that fits no column makes the whole query fail: then its row is found by halves. */
  async #differing(target: Target, rows: readonly Row[]): Promise<readonly Row[]> {
    if (rows.length === 0) return [];
    const { transaction } = this.#options;
    const expected = ownWhole(target, rows.map((row) => ({ row, parents: [] }))); // prettier-ignore
    await transaction.execute('SAVEPOINT comparing');
    try {
      const found = await findUnlike(transaction, target, expected);
      await transaction.execute('RELEASE SAVEPOINT comparing');
      return found.flatMap(({ index }) => rows[index] ?? []);
    } catch (error) {
      if (!isDataError(error)) throw error;
      await transaction.execute('ROLLBACK TO SAVEPOINT comparing; RELEASE SAVEPOINT comparing');
    }
    if (rows.length === 1) return rows;
    const half = Math.ceil(rows.length / 2);
    return [
      ...(await this.#differing(target, rows.slice(0, half))),
      ...(await this.#differing(target, rows.slice(half))),
    ];
  }
}
