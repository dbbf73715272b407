import type { PostgresConnection, Transaction } from '../../connections/postgres';
import { findDifferent, findDifferentKeyed, findEstranged } from '../write/compare';
import { counterparts } from '../identity/counterparts';
import { findMissing } from '../write/find-missing';
import { type Found, unpackFound } from '../record/found';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Identity } from '../record/identity';
import { isDataError } from '../write/isolate';
import { type KindName, kinds } from '../../mapping/kinds';
import { findParents, withParents } from '../identity/parents';
import { createdOf, isId, type Row, toRow } from '../record/row';
import { type Strategies, strategyOf } from '../../mapping/strategies';
import { type Targets, targetOf } from '../record/target';
import type { TruthReader } from '../truth/truth';
import { isUnfit } from '../record/unfit';

export interface DifferenceOptions {
  readonly postgres: PostgresConnection;
  readonly truth: TruthReader;
  readonly targets: () => Targets;
  readonly strategies: Strategies;
}

/** Tells which records of a chunk Postgres lacks or has otherwise. Reads both sides, writes neither. Ids are latin1. */
export class Differences {
  readonly #options: DifferenceOptions;

  constructor(options: DifferenceOptions) {
    this.#options = options;
  }

  /** Of dated kinds only the creation times are compared: identity says everything. @returns those that are not there */
  async missing(name: KindName, records: readonly Identity[]): Promise<readonly Identity[]> {
    if (records.length === 0) return [];
    const identities = records.map(({ id, created }) => [id, created] as const);
    const missing = await this.#ask((transaction) =>
      findMissing(transaction, targetOf(this.#options.targets(), name), identities),
    );
    return missing.flatMap((index) => records[index] ?? []);
  }

  /** Of these predictions those that have no row now; also those that are none, for the applier to park. */
  async stillMissing(ids: readonly string[]): Promise<readonly string[]> {
    const missing = new Set<string>();
    // Piece by piece: records may be of any size.
    for (let at = 0; at < ids.length;) {
      const truths = await this.#options.truth.readSome(kinds.prediction, ids.slice(at));
      const present: Identity[] = [];
      for (const [index, one] of truths.entries()) {
        const id = ids[at + index] ?? '';
        const created = one.state === 'packed' ? createdIn(one.value) : undefined;
        if (created !== undefined && isId(id)) present.push({ id, created });
        else if (one.state !== 'absent') missing.add(id);
      }
      for (const { id } of await this.missing('prediction', present)) missing.add(id);
      at += truths.length;
    }
    return ids.filter((id) => missing.has(id));
  }

  /** Of all other kinds but metrics the contents are compared. */
  async different(name: KindName, ids: readonly string[]): Promise<Set<string>> {
    const different = new Set<string>();
    // Piece by piece: records may be of any size.
    for (let at = 0; at < ids.length;) {
      const truths = await this.#options.truth.readSome(kinds[name], ids.slice(at));
      const rows: Row[] = [];
      for (const [index, one] of truths.entries()) {
        const id = ids[at + index] ?? '';
        if (one.state === 'unfit') different.add(id);
        if (one.state === 'found' && !checkAll(one.records, rows)) different.add(id);
      }
      for (const row of await this.#differentRows(name, rows)) different.add(row.id);
      at += truths.length;
    }
    return different;
  }

  /** Metric points that are not there, or cannot be rows; in order. */
  async missingPoints(points: readonly Found[]): Promise<readonly Found[]> {
    const different = new Set<Found>();
    const rows: Row[] = [];
    for (const found of points) if (!checkAll([found], rows)) different.add(found);
    if (rows.length === 0) return [...different];
    await this.#ask(async (transaction) => {
      const targets = this.#options.targets();
      const ids = new IdMapTransaction(new IdMap(), transaction);
      await findParents(ids, targets, rows, 'mapped');
      const { resolved, orphans } = withParents(rows, ids);
      for (const { row } of orphans) different.add(row.found);
      const identities = resolved.map(({ row, parents: [run] }) => [run ?? '', row.redisKey ?? ''] as const);
      for (const index of await findMissing(transaction, targetOf(targets, 'metric'), identities)) {
        const found = resolved[index]?.row.found;
        if (found !== undefined) different.add(found);
      }
    });
    return points.filter((point) => different.has(point));
  }

  /** All of them when a value fits no column: the applier isolates it. */
  async #differentRows(name: KindName, rows: readonly Row[]): Promise<readonly Row[]> {
    if (rows.length === 0) return [];
    try {
      return await this.#ask((transaction) => this.#compareRows(transaction, name, rows));
    } catch (error) {
      if (isDataError(error)) return rows;
      throw error;
    }
  }

  /** @returns the rows that differ or are not there */
  async #compareRows(
    transaction: Transaction,
    name: KindName,
    rows: readonly Row[],
  ): Promise<readonly Row[]> {
    const target = targetOf(this.#options.targets(), name);
    const ids = new IdMapTransaction(new IdMap(), transaction);
    await findParents(ids, this.#options.targets(), rows, 'mapped');
    const { resolved, orphans } = withParents(rows, ids);
    const different = orphans.map(({ row }) => row);
    if (target.kind.identity === 'keyed') {
      for (const index of await findDifferentKeyed(transaction, target, resolved))
        push(different, resolved[index]?.row);
      return different;
    }
    const { owned, guests, unmapped } = await counterparts(ids, target, resolved);
    different.push(...unmapped);
    const merges = strategyOf(this.#options.strategies, name) === 'merge';
    for (const index of await findDifferent(transaction, target, owned, merges))
      push(different, owned[index]?.resolved.row);
    for (const index of await findEstranged(transaction, target, guests, merges))
      push(different, guests[index]?.resolved.row);
    return different;
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

/** Adds the records' rows. @returns whether all of them can be rows */
function checkAll(records: readonly Found[], rows: Row[]): boolean {
  let fit = true;
  for (const found of records) {
    try {
      rows.push(toRow(found));
    } catch (error) {
      if (!isUnfit(error)) throw error;
      fit = false;
    }
  }
  return fit;
}

function createdIn(packed: Buffer): string | undefined {
  try {
    return createdOf(unpackFound('prediction', packed), kinds.prediction.created ?? '');
  } catch (error) {
    if (!isUnfit(error)) throw error;
    return undefined;
  }
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}
