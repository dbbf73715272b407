import type { PostgresConnection, Transaction } from '../../connections/postgres';
import { findDifferent, findDifferentKeyed, findEstranged } from '../write/compare';
import { counterparts, withParents } from '../identity/counterparts';
import { findMissing } from '../write/find-missing';
import { type Found, unpackFound } from '../record/found';
import { IdMap, IdMapTransaction } from '../identity/id-map';
import type { Identity } from '../record/identity';
import { isDataError } from '../write/isolate';
import { type Kind, type KindName, kindOf } from '../../mapping/kinds';
import { parentIds } from '../identity/parent-ids';
import { createdOf, isId, References, type Row, toRow } from '../record/row';
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

  /** Of these records of the packed kind those that have no row now; also those that are none, for the applier to park. */
  async stillMissing(kind: Kind, ids: readonly string[]): Promise<readonly string[]> {
    const missing = new Set<string>();
    // Piece by piece: records may be of any size.
    for (let at = 0; at < ids.length;) {
      const truths = await this.#options.truth.readSome(kind, ids.slice(at));
      const present: Identity[] = [];
      for (const [index, one] of truths.entries()) {
        const id = ids[at + index] ?? '';
        const created = one.state === 'packed' ? createdIn(kind, one.value) : undefined;
        if (created !== undefined && isId(id)) present.push({ id, created });
        else if (one.state !== 'absent') missing.add(id);
      }
      for (const { id } of await this.missing(kind.name, present)) missing.add(id);
      at += truths.length;
    }
    return ids.filter((id) => missing.has(id));
  }

  /** Of all other kinds but metrics the contents are compared. */
  async different(name: KindName, ids: readonly string[]): Promise<Set<string>> {
    const kind = kindOf(this.#options.truth.catalogue, name);
    const different = new Set<string>();
    // Piece by piece: records may be of any size.
    for (let at = 0; at < ids.length;) {
      const truths = await this.#options.truth.readSome(kind, ids.slice(at));
      const rows: Row[] = [];
      const references = new References();
      for (const [index, one] of truths.entries()) {
        const id = ids[at + index] ?? '';
        if (one.state === 'unfit') different.add(id);
        if (one.state === 'found' && !checkAll(one.records, rows, references)) different.add(id);
      }
      for (const row of await this.#differentRows(name, rows)) different.add(row.id);
      at += truths.length;
    }
    return different;
  }

  /** Metric points that are not there, or cannot be rows; in order. */
  async missingPoints(points: readonly Found[]): Promise<readonly Found[]> {
    const different = new Set<Found>();
    const references = new References();
    const rows: Row[] = [];
    for (const found of points) if (!checkAll([found], rows, references)) different.add(found);
    if (rows.length === 0) return [...different];
    await this.#ask(async (transaction) => {
      const parents = await parentIds(
        new IdMapTransaction(new IdMap(), transaction),
        this.#options.targets(),
        rows,
      );
      const known: { row: Row; identity: [string, string] }[] = [];
      for (const [index, row] of rows.entries()) {
        const run = parents[index]?.[0];
        if (run == null) different.add(row.found);
        else known.push({ row, identity: [run, row.redisKey ?? ''] });
      }
      const identities = known.map(({ identity }) => identity);
      const missing = await findMissing(
        transaction,
        targetOf(this.#options.targets(), rows[0]?.kind.name ?? ''),
        identities,
      );
      for (const index of missing) {
        const one = known[index];
        if (one !== undefined) different.add(one.row.found);
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
    const { resolved, orphans } = await withParents(ids, this.#options.targets(), rows);
    const different = [...orphans];
    if (target.kind.identity === 'keyed') {
      for (const index of await findDifferentKeyed(transaction, target, resolved))
        push(different, resolved[index]?.row);
      return different;
    }
    const { owned, guests, unmapped } = await counterparts(ids, target, resolved);
    different.push(...unmapped);
    const merges = strategyOf(this.#options.strategies, name) === 'merge';
    for (const index of await findDifferent(transaction, target, owned, merges))
      push(different, owned[index]?.row);
    for (const index of await findEstranged(transaction, target, guests, merges))
      push(different, guests[index]?.row);
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
function checkAll(records: readonly Found[], rows: Row[], references: References): boolean {
  let fit = true;
  for (const found of records) {
    try {
      rows.push(toRow(found, references));
    } catch (error) {
      if (!isUnfit(error)) throw error;
      fit = false;
    }
  }
  return fit;
}

function createdIn(kind: Kind, packed: Buffer): string | undefined {
  try {
    return createdOf(unpackFound(kind, packed), kind.created ?? '');
  } catch (error) {
    if (!isUnfit(error)) throw error;
    return undefined;
  }
}

function push<T>(list: T[], item: T | undefined): void {
  if (item !== undefined) list.push(item);
}
