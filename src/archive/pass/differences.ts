import type { PostgresConnection, Transaction } from '../../connections/postgres/postgres';
import { compareOwn } from './compare-own';
import { counterparts } from '../identity/counterparts';
import { type Expectation, filledRows, guestRows, ownRows, present, wholeRows } from '../write/expectation';
import { findUnlike, type UnlikeRow } from '../write/find-unlike';
import { describeError } from '../../foundation/errors';
import { type Found, unpackFound } from '../record/found';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Identity } from '../record/identity';
import { isDataError } from '../write/isolate';
import type { Kind, KindName } from '../../mapping/kinds';
import { findParents, withParents } from '../identity/parents';
import { References, type Row, toRow } from '../record/row';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import { type Targets, targetOf } from '../record/target';
import { EntryReader } from '../truth/entry-reader';
import type { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';
import { identityValues, type Resolved } from '../identity/resolved';

export interface DifferenceOptions {
  readonly postgres: PostgresConnection;
  readonly truth: TruthReader;
  readonly targets: () => Targets;
  readonly strategies: Strategies;
}

/** A record that Postgres lacks or has otherwise, or that can be no row, or whose row is somebody else's. */
export interface RecordDifference {
  readonly kind: KindName;
  /** The part of its key after the prefix, latin1. */
  readonly id: string;
  /** The record; undefined: the key holds something else, or too large a record. */
  readonly found?: Found;
  /** `skipped`: its row is otherwise, and stays so, as the mapping says. Nothing is written of such a record. */
  readonly change: 'missing' | 'different' | 'unfit' | 'skipped';
  /** Why the record is unfit, or skipped, or that its parent is missing as well. */
  readonly reason?: string;
  readonly pgId?: string;
  /** The columns that differ, if they were asked for. */
  readonly columns?: UnlikeRow['columns'];
}

/** Records that were read, and in what they differ. */
export interface Compared {
  readonly records: readonly Found[];
  readonly differences: readonly RecordDifference[];
}

/** How many records Postgres compares in one statement: a single key may hold any number. */
const mostCompared = 5_000;

/** Tells which records Postgres lacks or has otherwise. Reads both sides, writes neither. */
export class Differences {
  readonly #options: DifferenceOptions;
  readonly #inDetail: boolean;

  /** @param inDetail name the columns that differ and, if Postgres refuses to compare some records, which one is unfit; else all of these count as different */
  constructor(options: DifferenceOptions, inDetail = false) {
    this.#options = options;
    this.#inDetail = inDetail;
  }

  /** The records, of a dated kind, that Postgres lacks: such records never change, so their identities are all there is to compare. */
  async missing(name: KindName, records: readonly Identity[]): Promise<readonly Identity[]> {
    if (records.length === 0) return [];
    const target = targetOf(this.#options.targets(), name);
    const identities = records.map(({ id, created }) => [id, created]);
    const unlike = await this.#ask((transaction) =>
      findUnlike(transaction, target, present(target, identities)),
    );
    return unlike.flatMap(({ index }) => records[index] ?? []);
  }

  /** Reads records (of any shape but members) and compares them, piece by piece, for they may be of any size. @param ids latin1 */
  async *ofIds(kind: Kind, ids: readonly string[]): AsyncGenerator<Compared> {
    if (kind.shape === 'entries') {
      yield* this.#ofStreams(kind, ids);
      return;
    }
    for (let at = 0; at < ids.length;) {
      const differences: RecordDifference[] = [];
      const records: Found[] = [];
      const truths = await this.#options.truth.readSome(kind, ids.slice(at));
      for (const [index, truth] of truths.entries()) {
        if (truth.state === 'found') records.push(...truth.records);
        else if (truth.state === 'packed') records.push(unpackFound(kind, truth.value));
        else if (truth.state === 'unfit')
          differences.push({ kind: kind.name, id: ids[at + index] ?? '', change: 'unfit', reason: reasonOf(truth.reason) }); // prettier-ignore
      }
      for (let from = 0; from < records.length || from === 0; from += mostCompared) {
        const some = records.slice(from, from + mostCompared);
        const found = await this.ofRecords(some);
        yield { records: some, differences: from === 0 ? [...differences, ...found] : found };
      }
      at += truths.length;
    }
  }

  /** What streams have that was not read yet, as much of it as is read in one turn. */
  async *#ofStreams(kind: Kind, ids: readonly string[]): AsyncGenerator<Compared> {
    const { truth, postgres } = this.#options;
    for await (const answers of new EntryReader(truth.redis, postgres).read(kind, ids)) {
      for (const { id, truth: found } of answers) {
        const unfit = found.state === 'unfit' ? [found] : found.state === 'entries' ? found.unfit : [];
        const differences = unfit.map(({ reason }): RecordDifference => ({
          ...{ kind: kind.name, id, change: 'unfit' },
          reason: reasonOf(reason),
        }));
        const records = found.state === 'entries' ? found.records : [];
        yield { records, differences: [...differences, ...(await this.ofRecords(records))] };
      }
    }
  }

  /** @param records of one kind */
  async ofRecords(records: readonly Found[]): Promise<readonly RecordDifference[]> {
    const rows: Row[] = [];
    const references = new References();
    const differences: RecordDifference[] = [];
    for (const found of records) {
      try {
        rows.push(toRow(found, references));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        differences.push({ ...of(found), change: 'unfit', reason: reasonOf(error) });
      }
    }
    return [...differences, ...(await this.#ofRows(rows))];
  }

  /** Postgres compares in its own types: a single value that fits no column makes the whole query fail. */
  async #ofRows(rows: readonly Row[]): Promise<readonly RecordDifference[]> {
    const [first] = rows;
    if (first === undefined) return [];
    try {
      return await this.#ask((transaction) => this.#compare(transaction, first.kind.name, rows));
    } catch (error) {
      if (!isDataError(error)) throw error;
      // The applier will isolate the record.
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
    const note = ({ row }: Resolved, { pgId, columns }: UnlikeRow, skips?: string) => {
      if (pgId === null) miss(row);
      else if (skips === undefined)
        differences.push({ ...of(row.found), change: 'different', pgId, columns });
      else differences.push({ ...of(row.found), change: 'skipped', reason: skips, pgId, columns });
    };
    const tell = async (compared: readonly Resolved[], expectation: Expectation) => {
      for (const unlike of await findUnlike(transaction, target, expectation, this.#inDetail)) {
        const one = compared[unlike.index];
        if (one !== undefined) note(one, unlike);
      }
    };
    if (identity === 'dated') {
      // Their identity does not depend on their parents, and the rows may be there although a parent is not.
      const all = rows.map((row) => ({ row, parents: [] }));
      await tell(all, present(target, all.map(identityValues)));
      return differences;
    }
    if (identity === 'own') {
      for (const { one, unlike, skips } of await compareOwn(transaction, target, resolved, this.#inDetail))
        note(one, unlike, skips);
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

  /** @throws data errors as they are, all others explained */
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
