import type { TextRow, Transaction } from '../../../connections/postgres/postgres';
import type { OwnKind } from '../../../mapping/kinds';
import { leavesOthers } from '../../../mapping/own-rules';
import type { Found } from '../../record/found';
import { type Row, toRow } from '../../record/row';
import type { Target } from '../../record/target';
import { isUnfit } from '../../record/unfit';
import { ownWhole } from '../../write/expectation';
import { findUnlike } from '../../write/find-unlike';
import { followedAmong } from '../../write/followed';
import { isDataError } from '../../write/isolate';
import type { KeyRestorer } from './key-restorer';
import { idOf, keyOfRow } from './contents';
import { itemsOf, keyOfItems } from './items';
import { fitting, type Tallies, tallyOf } from '../tally';

export interface OwnRestorationOptions {
  readonly transaction: Transaction;
  readonly restorer: KeyRestorer;
  readonly tallies: Tallies;
}

/** Records that are compared in one query: a key may hold very many. */
const comparedAtOnce = 2_000;

/** Brings keys of the user's own from Postgres into Redis. */
export class OwnRestoration {
  readonly #options: OwnRestorationOptions;

  constructor(options: OwnRestorationOptions) {
    this.#options = options;
  }

  /** @param rows as own-rows.sql or own-items.sql has them @returns how many records they are */
  async restore(target: Target, kind: OwnKind, rows: readonly TextRow[]): Promise<number> {
    const { restorer, tallies } = this.#options;
    const tally = tallyOf(tallies, kind);
    let count = 0;
    const made = rows.flatMap((row) => {
      const items = kind.own.item && itemsOf(row);
      const records = items?.length ?? 1;
      count += records;
      const id = idOf(kind, row);
      if (id === undefined) tally.foreign += records;
      const make = (name: Buffer) => (items ? keyOfItems(kind, name, items) : keyOfRow(kind, name, row));
      return id === undefined ? [] : (fitting(tally, () => make(id), records) ?? []);
    });
    const judged = await this.#judge(target, made.flatMap(({ found }) => found)); // prettier-ignore
    const keys = made.filter(({ found }) => {
      const why = found.map((one) => judged.get(one)).find((one) => one !== undefined);
      if (why !== undefined) tally[why] += found.length;
      return why === undefined;
    });
    for (const [at, is] of (await restorer.restore(kind, keys)).entries())
      tally[is] += keys[at]?.found.length ?? 0;
    return count;
  }

  /** Why records are not put back: a pass would find them different from their rows, or the rows are somebody else's. */
  async #judge(target: Target, found: readonly Found[]): Promise<ReadonlyMap<Found, 'unlike' | 'foreign'>> {
    const judged = new Map<Found, 'unlike' | 'foreign'>();
    const rows: Row[] = [];
    for (const one of found) {
      try {
        rows.push(toRow(one));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        judged.set(one, 'unlike');
      }
    }
    for (let at = 0; at < rows.length; at += comparedAtOnce)
      for (const row of await this.#differing(target, rows.slice(at, at + comparedAtOnce)))
        judged.set(row.found, 'unlike');
    if (!leavesOthers(target.kind)) return judged;
    const all = rows.map((row) => ({ row, parents: [] }));
    const theirs = await followedAmong(this.#options.transaction, target.kind, all);
    for (const one of all) if (!theirs.has(one)) judged.set(one.row.found, 'foreign');
    return judged;
  }

  /** Asked of Postgres, which knows its types and what its triggers make of a value. A single value that fits no column makes the whole query fail: then its row is found by halves. */
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
