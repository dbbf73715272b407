import type { PostgresConnection, Transaction } from '../../connections/postgres';
import {
  type ColumnDifferences,
  compareColumns,
  type Comparison,
  guestRows,
  keyedRows,
  ownRows,
} from '../write/compare';
import { counterparts, withParents } from '../identity/counterparts';
import type { DifferenceOptions } from './differences';
import { describeError } from '../../foundation/errors';
import { type Found, unpackFound } from '../record/found';
import { keyOf } from '../record/key';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import { isDataError } from '../write/isolate';
import { type Kind, type KindName, kindOf } from '../../mapping/kinds';
import { shapeOf } from '../record/shape';
import { References, type Row, toRow } from '../record/row';
import { strategyOf } from '../../mapping/strategies';
import { targetOf } from '../record/target';
import type { Truth } from '../truth/truth';
import { isUnfit } from '../record/unfit';
import type { Resolved } from '../identity/resolved';

/** One record that Postgres lacks or has otherwise. Contents are in it: for the eyes of whoever asked. */
export interface ArchiveDifference {
  readonly kind: KindName;
  /** The Redis key. */
  readonly key: string;
  /** Which of several records under that key: the member of a metric, the name of a hyperparameter. */
  readonly record?: string;
  /** `unfit`: it cannot become a row, and would be parked. */
  readonly change: 'missing' | 'different' | 'unfit';
  /** Why it is unfit, or which parent is missing as well. */
  readonly reason?: string;
  /** Of a different one. */
  readonly table?: string;
  readonly row?: string;
  readonly columns?: ColumnDifferences['columns'];
}

/** Looks at nominated records once more, one column after another. What is equal by now is left out. */
export class Explanation {
  readonly #options: DifferenceOptions;

  constructor(options: DifferenceOptions) {
    this.#options = options;
  }

  /** @param ids latin1, as a pass nominates them. Yields as they are read, so that the caller may have enough. */
  async *ofNominated(name: KindName, ids: readonly string[]): AsyncGenerator<ArchiveDifference> {
    const kind = kindOf(this.#options.truth.catalogue, name);
    if (kind.shape === 'members') {
      // Only a key of another type is nominated: points come by value.
      for (const id of ids)
        yield unfit(name, Buffer.from(id, 'latin1'), 'the key holds no sorted set (E_TYPE)');
      return;
    }
    for (let at = 0; at < ids.length;) {
      const truths = await this.#options.truth.readSome(kind, ids.slice(at));
      const records: Found[] = [];
      for (const [index, truth] of truths.entries()) {
        if (truth.state === 'unfit')
          yield unfit(name, Buffer.from(ids[at + index] ?? '', 'latin1'), reasonOf(truth.reason));
        else records.push(...recordsOf(kind, truth));
      }
      yield* this.ofRecords(records);
      at += truths.length;
    }
  }

  /** Of one kind. */
  async *ofRecords(records: readonly Found[]): AsyncGenerator<ArchiveDifference> {
    const rows: Row[] = [];
    const references = new References();
    for (const found of records) {
      try {
        rows.push(toRow(found, references));
      } catch (error) {
        if (!isUnfit(error)) throw error;
        yield { ...named(found), change: 'unfit', reason: reasonOf(error) };
      }
    }
    if (rows.length > 0) yield* await this.#ofRows(rows);
  }

  /** Postgres compares in its own types; a value that fits none fails the whole question, which is then asked one by one. */
  async #ofRows(rows: readonly Row[]): Promise<readonly ArchiveDifference[]> {
    try {
      return await this.#ask((transaction) => this.#compare(transaction, rows));
    } catch (error) {
      if (!isDataError(error)) throw error;
      const [row] = rows;
      if (rows.length === 1 && row !== undefined)
        return [{ ...named(row.found), change: 'unfit', reason: reasonOf(describeError(error)) }];
      const parts: ArchiveDifference[] = [];
      for (const one of rows) parts.push(...(await this.#ofRows([one])));
      return parts;
    }
  }

  async #compare(transaction: Transaction, rows: readonly Row[]): Promise<readonly ArchiveDifference[]> {
    const [first] = rows;
    if (first === undefined) return [];
    const { targets, strategies } = this.#options;
    const target = targetOf(targets(), first.kind.name);
    const differences: ArchiveDifference[] = [];
    const ids = new IdMapTransaction(new IdMap(), transaction);
    const { resolved, orphans } = await withParents(ids, targets(), rows);
    for (const { found } of orphans)
      differences.push({ ...named(found), change: 'missing', reason: 'so is its parent' });
    const tell = async (comparison: Comparison, compared: readonly Resolved[]) => {
      for (const { index, pgId, columns } of await compareColumns(transaction, target, comparison)) {
        const one = compared[index];
        if (one === undefined) continue;
        const { table } = target.kind;
        differences.push(
          pgId === null
            ? { ...named(one.row.found), change: 'missing' }
            : { ...named(one.row.found), change: 'different', table, row: pgId, columns },
        );
      }
    };
    if (target.kind.identity === 'keyed') {
      await tell(keyedRows(target, resolved), resolved);
      return differences;
    }
    if (target.kind.identity === 'dated') {
      await tell(datedRows(resolved), resolved);
      return differences;
    }
    const { owned, guests, unmapped } = await counterparts(ids, target, resolved);
    for (const { found } of unmapped) differences.push({ ...named(found), change: 'missing' });
    const merges = strategyOf(strategies, target.kind.name) === 'merge';
    await tell(ownRows(target, owned, merges), owned);
    for (const comparison of guestRows(target, guests, merges)) await tell(comparison, guests);
    return differences;
  }

  async #ask<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const postgres: PostgresConnection = this.#options.postgres;
    try {
      return await postgres.transaction(work);
    } catch (error) {
      throw isDataError(error) ? error : postgres.translate(error);
    }
  }
}

/** Of records that never change only the absence is told: identity says everything. */
const datedRows = (rows: readonly Resolved[]): Comparison => ({
  identity: ['redis_id', rows[0]?.row.kind.created ?? ''],
  columns: [],
  rows: rows.map(({ row }) => [row.id, `${row.created ?? ''}+00`]),
});

function recordsOf(kind: Kind, truth: Truth): readonly Found[] {
  if (truth.state === 'found') return truth.records;
  return truth.state === 'packed' ? [unpackFound(kind, truth.value)] : [];
}

const reasonOf = ({
  code,
  message,
  column,
}: {
  code: string;
  message: string;
  column?: string | undefined;
}) => `${column === undefined ? '' : `${column} `}${message} (${code})`;

const unfit = (kind: KindName, id: Buffer, reason: string): ArchiveDifference => ({
  kind,
  key: keyOf(kind, id).toString('utf8'),
  change: 'unfit',
  reason,
});

function named({ kind, id, values }: Found): Pick<ArchiveDifference, 'kind' | 'key' | 'record'> {
  const key = keyOf(kind.name, id).toString('utf8');
  const { several } = shapeOf(kind);
  return { kind: kind.name, key, ...(several ? { record: values[0]?.toString('utf8') ?? '' } : {}) };
}
