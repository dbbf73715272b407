import { z } from 'zod';
import { retryable } from '../../foundation/errors';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import { isOwn, type Kind, type KindName } from '../../mapping/kinds';
import type { Strategies } from '../../mapping/strategies';
import type { Target } from '../record/target';
import type { RaisedCounters } from './counters';
import type { WarmLimits } from './limits';
import { MemberForms } from './member-form';
import { measureRows, pagesOf, sizeSql } from './pages';
import type { OwnRestoration } from './own/own-restoration';
import type { Plan } from './plan';
import { Unlike } from './python-form';
import { rowsQuery } from './rows-query';
import type { RestoredParent, PartToRestore, RecordToRestore, Restorer } from './restorer';
import { fieldsOf, type Lineage, toField, toMember, toRecord } from './rows';
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
  readonly #forms = new MemberForms();
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
    const { sql, values, large } = rowsQuery(target, this.#options);
    const sized = `SELECT *, ${sizeSql(large)} AS size FROM (${sql}) AS one`;
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
      this.#done += await this.#restoreRows(target, rows);
      onProgress(this.#done, kind);
    }
  }

  /** @returns how many records they are */
  #restoreRows(target: Target, rows: readonly TextRow[]): Promise<number> {
    const { kind } = target;
    if (isOwn(kind)) return this.#options.own.restore(target, kind, rows);
    if (kind.shape === 'fields') return this.#restoreFields(kind, rows);
    return kind.shape === 'members' ? this.#restoreMembers(kind, rows) : this.#restoreRecords(target, rows);
  }

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

  async #restoreMembers(kind: Kind, rows: readonly TextRow[]): Promise<number> {
    const { plan, restorer } = this.#options;
    const tally = tallyOf(plan.tallies, kind);
    const parts: PartToRestore[] = [];
    for (const row of rows) {
      const parent = this.#parentOf(kind, row);
      const member = parent && fitting(tally, () => toMember(this.#forms, row, kind, parent));
      if (parent === undefined) tally.orphaned++;
      if (member !== undefined) parts.push(member);
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
