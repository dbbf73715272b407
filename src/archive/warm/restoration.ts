import { z } from 'zod';
import { retryable } from '../../foundation/errors';
import { readAsset } from '../../foundation/package-root';
import type { TextRow, Transaction } from '../../connections/postgres';
import type { Config } from '../../config/load';
import { defaultMaxRecordBytes } from '../../connections/redis';
import { type KindName, kindNames } from '../../mapping/kinds';
import { quoteName, type Target, type Targets, targetOf } from '../record/target';
import type { RaisedCounters } from './counters';
import type { WarmLimits } from './limits';
import { MetricForms } from './metric-form';
import { measure, pagesOf, sizeSql } from './pages';
import { chosenSql, type Plan, sinceCondition } from './plan';
import { Unlike } from './python-form';
import type { Parent, PartToRestore, RecordToRestore, Restorer } from './restorer';
import { fieldsOf, type Lineage, selected, toHyperparameter, toPoint, toRecord } from './rows';
import type { Tally } from './tally';

const mappedRowsSql = readAsset('src/archive/warm/sql/mapped-rows.sql');
const newestRowsSql = readAsset('src/archive/warm/sql/newest-rows.sql');
const hyperparametersSql = readAsset('src/archive/warm/sql/hyperparameter-rows.sql');
const keyedRowsSql = readAsset('src/archive/warm/sql/keyed-rows.sql');

export interface RestorationOptions {
  readonly config: Config;
  readonly limits: WarmLimits;
  readonly transaction: Transaction;
  readonly targets: Targets;
  readonly plan: Plan;
  readonly restorer: Restorer;
  readonly counters: RaisedCounters;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, kind: KindName) => void;
}

/** Brings kind after kind from Postgres into Redis, and counts what becomes of each record. */
export class Restoration {
  readonly #options: RestorationOptions;
  /** By kind and Postgres id, what is in Redis by now. */
  readonly #back = new Map<KindName, Map<string, Parent>>(kindNames.map((name) => [name, new Map()]));
  readonly #chosen: ReadonlyMap<KindName, ReadonlySet<string>>;
  readonly #forms = new MetricForms();
  /** Ids up to here were given out by a counter that had begun anew: a writer may be about to use them. */
  readonly #givenOut: ReadonlyMap<string, bigint>;
  #done = 0;

  constructor(options: RestorationOptions) {
    this.#options = options;
    this.#chosen = new Map([...options.plan.chosen].map(([name, ids]) => [name, new Set(ids)]));
    const raised = Object.entries(options.counters).filter(([, { before, after }]) => before !== after);
    this.#givenOut = new Map(raised.map(([kind, { before }]) => [kind, BigInt(before === '' ? 0 : before)]));
  }

  /** Parents have to come before their children. */
  async restore(name: KindName): Promise<void> {
    const { transaction, targets, plan, signal, onProgress } = this.#options;
    if (plan.wanted[name] === 0) return;
    const target = targetOf(targets, name);
    const { sql, values } = this.#query(target);
    const columns =
      name === 'hyperparam' ? ['parts'] : target.kind.columns.map((_column, index) => `c${index}`);
    const sized = `SELECT *, ${sizeSql(columns)} AS size FROM (${sql}) AS one`;
    const most = this.#options.config.redis.maxRecordBytes ?? defaultMaxRecordBytes;
    const { larger, largest } = await measure(transaction, sized, { values, most });
    plan.tallies[name].large += larger;
    // Only where it has to be: otherwise each size is worked out twice.
    const fitting = larger === 0 ? sql : `SELECT * FROM (${sized}) AS fitting WHERE size <= ${most}`;
    for await (const rows of pagesOf(transaction, fitting, { values, largest })) {
      if (signal.aborted) {
        throw retryable('warm was interrupted', {
          code: 'E_INTERRUPTED',
          hint: 'What was restored so far is complete. Run it again: it goes on with the rest.',
        });
      }
      if (name === 'hyperparam') this.#done += await this.#restoreHyperparameters(rows);
      else this.#done += rows.length;
      if (name === 'metric') await this.#restorePoints(rows);
      else if (name !== 'hyperparam') await this.#restoreRecords(target, rows);
      onProgress(this.#done, name);
    }
  }

  #query(target: Target): { readonly sql: string; readonly values: readonly unknown[] } {
    const { config, limits, plan } = this.#options;
    const { kind, table } = target;
    const { name } = kind;
    const columns = selected(target);
    const since = sinceCondition(name, limits);
    const parents = [`{${(plan.chosen.get(kind.parents[0]?.kind ?? name) ?? []).join(',')}}`];
    const fill = (sql: string) => sql.replaceAll('{table}', table).replaceAll('{columns}', columns);
    if (kind.identity === 'mapped') {
      return {
        sql: fill(mappedRowsSql).replaceAll('{chosen}', chosenSql(name, config.onConflict)),
        values: [],
      };
    }
    if (kind.identity === 'dated') {
      const { predictions } = limits;
      const limit =
        predictions === 'all' ? '' : `ORDER BY p."timestamp" DESC, p.redis_id DESC LIMIT ${predictions}`;
      return {
        sql: fill(newestRowsSql).replaceAll('{since}', since).replaceAll('{limit}', limit),
        values: parents,
      };
    }
    if (name === 'hyperparam') return { sql: fill(hyperparametersSql), values: parents };
    const sql = fill(keyedRowsSql)
      .replaceAll('{parent}', quoteName(kind.parents[0]?.column ?? ''))
      .replaceAll('{since}', since);
    return { sql, values: parents };
  }

  async #restoreRecords(target: Target, rows: readonly TextRow[]): Promise<void> {
    const { plan, restorer } = this.#options;
    const { kind } = target;
    const tally = plan.tallies[kind.name];
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
    const outcomes = await restorer.records(kind.name, fieldsOf(kind), records);
    for (const [index, outcome] of outcomes.entries()) {
      const record = records[index];
      if (record === undefined) continue;
      tally[outcome.is === 'orphaned' ? (record.lost ?? 'orphaned') : outcome.is]++;
      if (kind.identity !== 'mapped' || !('created' in outcome)) continue;
      this.#back
        .get(kind.name)
        ?.set(record.pgId, { kind: kind.name, id: record.id, created: outcome.created });
    }
  }

  async #restorePoints(rows: readonly TextRow[]): Promise<void> {
    const { plan, restorer } = this.#options;
    const tally = plan.tallies.metric;
    const parts: PartToRestore[] = [];
    for (const row of rows) {
      const run = this.#back.get('run')?.get(row['p0'] ?? '');
      const point = run && fitting(tally, () => toPoint(this.#forms, row, run));
      if (run === undefined) tally.orphaned++;
      if (point !== undefined) parts.push(point);
    }
    for (const is of await restorer.parts('ZADD', parts)) tally[is]++;
  }

  /** All of a run in one step, or none of them. @param rows a row a run @returns how many they are */
  async #restoreHyperparameters(rows: readonly TextRow[]): Promise<number> {
    const { plan, restorer } = this.#options;
    const tally = plan.tallies.hyperparam;
    const parts: PartToRestore[] = [];
    let count = 0;
    for (const row of rows) {
      const run = this.#back.get('run')?.get(row['p0'] ?? '');
      const stored = storedParts.parse(JSON.parse(row['parts'] ?? '[]'));
      count += stored.length;
      const known =
        run && fitting(tally, () => stored.map((one) => toHyperparameter(one, run)), stored.length);
      if (run === undefined) tally.orphaned += stored.length;
      parts.push(...(known ?? []));
    }
    for (const is of await restorer.parts('HSETNX', parts)) tally[is]++;
    return count;
  }

  /** @throws Unlike */
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

/** Why it is not restored. */
type Lost = 'inUse' | 'orphaned' | 'superseded' | undefined;

const storedParts = z.array(z.tuple([z.string(), z.string().nullable(), z.string().nullable()]));

/** @returns undefined, and counts so many records, when it is Unlike */
function fitting<T>(tally: Tally, make: () => T, count = 1): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Unlike)) throw error;
    tally.unlike += count;
    return undefined;
  }
}
