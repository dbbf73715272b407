import type { PostgresConnection, Transaction } from '../../connections/postgres';
import { counterparts } from '../identity/counterparts';
import { type Expectation, filledRows, guestRows, ownRows, present, wholeRows } from '../write/expectation';
import { findUnlike, type UnlikeRow } from '../write/find-unlike';
import { describeError } from '../../foundation/errors';
import { type Found, unpackFound } from '../record/found';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Identity } from '../record/identity';
import { isDataError } from '../write/isolate';
import { type KindName, kinds } from '../../mapping/kinds';
import { findParents, withParents } from '../identity/parents';
import { type Row, toRow } from '../record/row';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import { type Targets, targetOf } from '../record/target';
import type { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';
import { identityValues, type Resolved } from '../identity/resolved';

export interface DifferenceOptions {
  readonly postgres: PostgresConnection;
  readonly truth: TruthReader;
  readonly targets: () => Targets;
  readonly strategies: Strategies;
}

/** A record that Postgres lacks or has otherwise, or that can be no row. */
export interface RecordDifference {
  readonly kind: KindName;
  /** What follows `aidb:<kind>:`, latin1. */
  readonly id: string;
  /** Undefined: what is there is no such record, or too large. */
  readonly found?: Found;
  readonly change: 'missing' | 'different' | 'unfit';
  /** Why it is unfit, or which parent is missing as well. */
  readonly reason?: string;
  readonly pgId?: string;
  /** Those that differ, where they were asked for. */
  readonly columns?: UnlikeRow['columns'];
}

/** Tells which records Postgres lacks or has otherwise. Reads both sides, writes neither. */
export class Differences {
  readonly #options: DifferenceOptions;
  readonly #inDetail: boolean;

  /** @param inDetail column by column, and which of several records it is that fits no column; else these are all told */
  constructor(options: DifferenceOptions, inDetail = false) {
    this.#options = options;
    this.#inDetail = inDetail;
  }

  /** Of dated kinds, by the creation times alone: identity says everything. @returns those that are not there */
  async missing(name: KindName, records: readonly Identity[]): Promise<readonly Identity[]> {
    if (records.length === 0) return [];
    const target = targetOf(this.#options.targets(), name);
    const identities = records.map(({ id, created }) => [id, created]);
    const unlike = await this.#ask((transaction) =>
      findUnlike(transaction, target, present(target, identities)),
    );
    return unlike.flatMap(({ index }) => records[index] ?? []);
  }

  /** Reads records of any kind but metric, and compares them; piece by piece, for they may be of any size. @param ids latin1 */
  async *ofIds(kind: KindName, ids: readonly string[]): AsyncGenerator<readonly RecordDifference[]> {
    for (let at = 0; at < ids.length;) {
      const differences: RecordDifference[] = [];
      const records: Found[] = [];
      const truths = await this.#options.truth.readSome(kinds[kind], ids.slice(at));
      for (const [index, truth] of truths.entries()) {
        if (truth.state === 'found') records.push(...truth.records);
        else if (truth.state === 'packed') records.push(unpackFound(kind, truth.value));
        else if (truth.state === 'unfit')
          differences.push({ kind, id: ids[at + index] ?? '', change: 'unfit', reason: reasonOf(truth.reason) }); // prettier-ignore
      }
      yield [...differences, ...(await this.ofRecords(records))];
      at += truths.length;
    }
  }

  /** @param records of one kind */
  async ofRecords(records: readonly Found[]): Promise<readonly RecordDifference[]> {
    const rows: Row[] = [];
    const differences: RecordDifference[] = [];
    for (const found of records) {
      try {
        rows.push(toRow(found));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        differences.push({ ...of(found), change: 'unfit', reason: reasonOf(error) });
      }
    }
    return [...differences, ...(await this.#ofRows(rows))];
  }

  /** Postgres compares in its own types; a value that fits none fails the whole question. */
  async #ofRows(rows: readonly Row[]): Promise<readonly RecordDifference[]> {
    const [first] = rows;
    if (first === undefined) return [];
    try {
      return await this.#ask((transaction) => this.#compare(transaction, first.kind.name, rows));
    } catch (error) {
      if (!isDataError(error)) throw error;
      // The applier isolates it.
      if (!this.#inDetail) return rows.map(({ found }) => ({ ...of(found), change: 'different' }));
      if (rows.length === 1)
        return [{ ...of(first.found), change: 'unfit', reason: reasonOf(describeError(error)) }];
      const parts: RecordDifference[] = [];
      for (const one of rows) parts.push(...(await this.#ofRows([one])));
      return parts;
    }
  }

  async #compare(
    transaction: Transaction,
    name: KindName,
    rows: readonly Row[],
  ): Promise<readonly RecordDifference[]> {
    const { targets, strategies } = this.#options;
    const target = targetOf(targets(), name);
    const { identity, appendOnly } = target.kind;
    const ids = new IdMapTransaction(new IdMap(), transaction);
    await findParents(ids, targets(), rows, 'mapped');
    const { resolved, orphans } = withParents(rows, ids);
    const orphaned = new Set(orphans.map(({ row }) => row));
    const differences: RecordDifference[] = [];
    const miss = (row: Row) => {
      const reason = orphaned.has(row) ? { reason: 'so is its parent' } : {};
      differences.push({ ...of(row.found), change: 'missing', ...reason });
    };
    const tell = async (compared: readonly Resolved[], expectation: Expectation) => {
      for (const unlike of await findUnlike(transaction, target, expectation, this.#inDetail)) {
        const { index, pgId, columns } = unlike;
        const row = compared[index]?.row;
        if (row === undefined) continue;
        if (pgId === null) miss(row);
        else differences.push({ ...of(row.found), change: 'different', pgId, columns });
      }
    };
    if (identity === 'dated') {
      // Told apart without its parents, and there without them, perhaps.
      const all = rows.map((row) => ({ row, parents: [] }));
      await tell(all, present(target, all.map(identityValues)));
      return differences;
    }
    for (const row of orphaned) miss(row);
    if (identity === 'keyed') {
      const absence = appendOnly === true && !this.#inDetail;
      const expectation = absence
        ? present(target, resolved.map(identityValues))
        : wholeRows(target, resolved);
      await tell(resolved, expectation);
      return differences;
    }
    const { owned, guests, unmapped } = await counterparts(ids, target, resolved);
    for (const row of unmapped) miss(row);
    const merges = strategyOf(strategies, name) === 'merge';
    await tell(owned.map((one) => one.resolved), ownRows(target, owned, merges)); // prettier-ignore
    const led = guests.map((one) => one.resolved);
    await tell(led, guestRows(target, guests));
    if (merges) await tell(led, filledRows(target, guests));
    return differences;
  }

  /** @throws data errors as they are, everything else explained */
  async #ask<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const { postgres } = this.#options;
    try {
      return await postgres.transaction(work);
    } catch (error) {
      throw isDataError(error) ? error : postgres.translate(error);
    }
  }
}

const of = (found: Found) => ({ kind: found.kind.name, id: found.id.toString('latin1'), found });

const reasonOf = ({
  code,
  message,
  column,
}: {
  code: string;
  message: string;
  column?: string | undefined;
}) => `${column === undefined ? '' : `${column} `}${message} (${code})`;
