import { z } from 'zod';
import { retryable } from '../../foundation/errors';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { isOwn, type Kind, type KindName, type ShapeName } from '../../mapping/kinds';
import type { Strategies } from '../../mapping/strategies';
import type { Target } from '../record/target';
import type { RaisedCounters } from './counters';
import type { WarmLimits } from './limits';
import { MetricForms } from './metric-form';
import { measureRows, pagesOf, sizeSql } from './pages';
import type { OwnRestoration } from './own/own-restoration';
import type { Plan } from './plan';
import { Unlike } from './python-form';
import { rowsQuery } from './rows-query';
import type { RestoredParent, PartToRestore, RecordToRestore, Restorer } from './restorer';
import { fieldsOf, type Lineage, toField, toPoint, toRecord } from './rows';
import { fitting, tallyOf } from './tally';

export interface RestorationOptions {
  readonly strategies: Strategies;
  /** A larger one is left alone. */
  readonly maxRecordBytes: number;
  readonly limits: WarmLimits;
  readonly transaction: Transaction;
  readonly plan: Plan;
  readonly restorer: Restorer;
  /** For the keys of the user's own. */
  readonly own: OwnRestoration;
  readonly counters: RaisedCounters;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, kind: Kind) => void;
}

/** Brings kind after kind from Postgres into Redis, and counts what becomes of each record. */
export class Restoration {
  readonly #options: RestorationOptions;
  /** The records that are in Redis by now, by kind and Postgres id. */
  readonly #back = new Map<KindName, Map<string, RestoredParent>>();
  readonly #chosen: ReadonlyMap<KindName, ReadonlySet<string>>;
  readonly #forms = new MetricForms();
  /** Ids, by kind, up to which a counter that had begun anew has given ids out: a writer may be about to use them. */
  readonly #givenOut: ReadonlyMap<string, bigint>;
  #done = 0;

  constructor(options: RestorationOptions) {
    this.#options = options;
    this.#chosen = new Map([...options.plan.chosen].map(([name, ids]) => [name, new Set(ids)]));
    const raised = [...options.counters].filter(([, { before, after }]) => before !== after);
    this.#givenOut = new Map(raised.map(([kind, { before }]) => [kind, BigInt(before === '' ? 0 : before)]));
  }

  /** Restores a kind. Kinds of parents have to be restored before those of their children. */
  async restore(target: Target): Promise<void> {
    const { transaction, plan, signal, onProgress, maxRecordBytes: most } = this.#options;
    const { kind } = target;
    if (plan.wanted.get(kind) === 0) return;
    const { sql, values } = rowsQuery(target, this.#options);
    const columns =
      kind.shape === 'fields' ? ['parts'] : target.kind.columns.map((_column, index) => `c${index}`);
    const sized = `SELECT *, ${sizeSql(columns)} AS size FROM (${sql}) AS one`;
    const { larger, largest } = await measureRows(transaction, sized, { values, most });
    tallyOf(plan.tallies, kind).large += larger;
    // Filtered only if some rows are too large: otherwise each size would be worked out twice.
    const small = larger === 0 ? sql : `SELECT * FROM (${sized}) AS fitting WHERE size <= ${most}`;
    for await (const rows of pagesOf(transaction, small, { values, largest, ahead: !isOwn(kind) })) {
      if (signal.aborted) {
        throw retryable('warm was interrupted', {
          code: 'E_INTERRUPTED',
          hint: 'What was restored so far is complete. Run it again: it goes on with the rest.',
        });
      }
      this.#done += isOwn(kind)
        ? await this.#options.own.restore(target, kind, rows)
        : await this.#restoreRows[kind.shape](target, rows);
      onProgress(this.#done, kind);
    }
  }

  /** Restores rows, by the shape of their kind. @returns how many records they are */
  readonly #restoreRows: Readonly<
    Record<ShapeName, (target: Target, rows: readonly TextRow[]) => Promise<number>>
  > = {
    hash: (target, rows) => this.#restoreRecords(target, rows),
    fields: ({ kind }, rows) => this.#restoreFields(kind, rows),
    members: ({ kind }, rows) => this.#restorePoints(kind, rows),
    // Only keys of the user's own are these.
    object: () => Promise.resolve(0),
    text: () => Promise.resolve(0),
    items: () => Promise.resolve(0),
    entries: () => Promise.resolve(0),
  };

  async #restoreRecords(target: Target, rows: readonly TextRow[]): Promise<number> {
    const { plan, restorer } = this.#options;
    const { kind } = target;
    const tally = tallyOf(plan.tallies, kind);
    const records: (RecordToRestore & { readonly pgId: string; readonly lost: Lost })[] = [];
    for (const row of rows) {
      if (row['superseded'] === 't') {
        tally.superseded++;
        continue;
      }
      const record = fitting(tally, () => {
        const lineage = this.#lineage(target, row);
        return { ...toRecord(target, row, lineage), pgId: row['id'] ?? '', lost: lineage.lost };
      });
      if (record !== undefined) records.push(record);
    }
    const outcomes = await restorer.records(kind, fieldsOf(kind), records);
    for (const [index, outcome] of outcomes.entries()) {
      const record = records[index];
      if (record === undefined) continue;
      tally[outcome.is === 'orphaned' ? (record.lost ?? 'orphaned') : outcome.is]++;
      if (kind.identity !== 'mapped' || !('created' in outcome)) continue;
      const back = this.#back.get(kind.name) ?? new Map<string, RestoredParent>();
      back.set(record.pgId, { kind: kind.name, id: record.id, created: outcome.created });
      this.#back.set(kind.name, back);
    }
    return rows.length;
  }

  async #restorePoints(kind: Kind, rows: readonly TextRow[]): Promise<number> {
    const { plan, restorer } = this.#options;
    const tally = tallyOf(plan.tallies, kind);
    const parts: PartToRestore[] = [];
    for (const row of rows) {
      const parent = this.#parentOf(kind, row);
      const point = parent && fitting(tally, () => toPoint(this.#forms, row, kind, parent));
      if (parent === undefined) tally.orphaned++;
      if (point !== undefined) parts.push(point);
    }
    for (const is of await restorer.parts('ZADD', parts)) tally[is]++;
    return rows.length;
  }

  /** Restores all fields of a key in one step, or none of them. @param rows one for each key @returns how many records they are */
  async #restoreFields(kind: Kind, rows: readonly TextRow[]): Promise<number> {
    const { plan, restorer } = this.#options;
    const tally = tallyOf(plan.tallies, kind);
    const parts: PartToRestore[] = [];
    let count = 0;
    for (const row of rows) {
      const parent = this.#parentOf(kind, row);
      const stored = storedParts.parse(JSON.parse(row['parts'] ?? '[]'));
      count += stored.length;
      const known =
        parent && fitting(tally, () => stored.map((one) => toField(one, kind, parent)), stored.length);
      if (parent === undefined) tally.orphaned += stored.length;
      parts.push(...(known ?? []));
    }
    for (const is of await restorer.parts('HSETNX', parts)) tally[is]++;
    return count;
  }

  /** The parent whose id comes first in a record's key, if it is in Redis by now. */
  #parentOf({ parents }: Kind, row: TextRow): RestoredParent | undefined {
    return this.#back.get(parents[0]?.kind ?? '')?.get(row['p0'] ?? '');
  }

  /** The parents of a row's record, and whether it is lost. @throws Unlike */
  #lineage({ kind }: Target, row: TextRow): Lineage & { readonly lost: Lost } {
    const isGivenOut = BigInt(row['redis_id'] ?? 1) <= (this.#givenOut.get(kind.name) ?? 0n);
    let lost: Lost = isGivenOut ? 'inUse' : undefined;
    const parents = kind.parents.map((parent, index) => {
      const pgId = row[`p${index}`] ?? null;
      if (pgId === null) {
        if (parent.optional !== true) throw new Unlike(`${parent.column} is NULL`);
        return undefined;
      }
      const back = this.#back.get(parent.kind)?.get(pgId);
      if (back === undefined && lost !== 'superseded')
        lost = this.#chosen.get(parent.kind)?.has(pgId) === true ? 'orphaned' : 'superseded';
      return back;
    });
    return { parents, orphaned: lost !== undefined, lost };
  }
}

/** Why a record is not restored; undefined: it is. */
type Lost = 'inUse' | 'orphaned' | 'superseded' | undefined;

const storedParts = z.array(z.tuple([z.string(), z.string().nullable(), z.string().nullable()]));
