import type { Log } from '../../log/log';
import type { Metrics } from '../../metrics/metrics';
import type { Tell } from '../../pipeline/event';
import { timestamp } from '../../foundation/timestamp';
import { type KindName, kindNames } from '../../mapping/kinds';
import type { BatchOutcome } from '../write/attempt';
import { type Statistics, Tally } from './statistics';

/** A complete pass. */
export interface ArchivePassReport {
  readonly startedAt: number;
  readonly ms: number;
  readonly reason: string;
  /** Records written while it ran, by the tail as well, and those parked at its end. */
  readonly statistics: Statistics;
  readonly deleted: number;
  /** Keys compared. */
  readonly keys: number;
  /** Records the pass itself found different, by kind. */
  readonly differences: Readonly<Partial<Record<KindName, number>>>;
}

export const passStarted = (): string => `[${timestamp()}] === Starting Redis → PostgreSQL Sync ===`;

const labels = [
  ['Models', 'models'],
  ['Versions', 'versions'],
  ['Datasets', 'datasets'],
  ['Runs', 'runs'],
  ['Hyperparams', 'hyperparams'],
  ['Metrics', 'metrics'],
  ['Experiments', 'experiments'],
  ['Predictions', 'predictions'],
  ['Errors', 'errors'],
] as const;

/** The nine lines the documents show, and the time. */
export function passSummary({ statistics, ms }: ArchivePassReport): string {
  const lines = labels.map(([label, name]) => `  ${label}: ${statistics[name]}`);
  return [`[${timestamp()}] === Sync Complete in ${(ms / 1_000).toFixed(2)}s ===`, ...lines, ''].join('\n');
}

export function recordPass(metrics: Metrics, report: ArchivePassReport): void {
  const pipeline = 'archive';
  metrics.passes.inc({ pipeline });
  for (const kind of kindNames) {
    metrics.passDifferences.inc({ pipeline, kind }, report.differences[kind] ?? 0);
  }
}

/** At most this often, so that a busy tail does not fill the log. */
const everyMs = 1_000;
/** New models and the like told one by one, at most so many a second. */
const namedAtOnce = 20;

/** Adds up what is applied and tells it, about once a second; new catalogue records by name, as the documents do. */
export class AppliedLog {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #tell: Tell;
  /** Records written since the start, by the tail and by full passes. */
  total = 0;
  #tally = new Tally();
  #parked = 0;
  #named = 0;
  /** Undefined: a full pass found them, and nobody knows when they were written. */
  #slowestMs: number | undefined;
  #toldAt = -Infinity;
  #dirty = false;

  constructor(log: Log, metrics: Metrics, tell: Tell) {
    this.#log = log;
    this.#metrics = metrics;
    this.#tell = tell;
  }

  /**
   * @param tookMs how long the transaction took
   * @param since when the oldest change of the page was written to the stream, in milliseconds since 1970
   */
  add(applied: BatchOutcome, tookMs: number, since: number | undefined): void {
    const pipeline = 'archive';
    const ms = since === undefined ? undefined : Math.max(0, Date.now() - since);
    this.#metrics.applySeconds.observe({ pipeline }, tookMs / 1_000);
    if (ms !== undefined) this.#metrics.latencySeconds.observe({ pipeline }, ms / 1_000);
    const before = this.total;
    const count = (kind: KindName, op: 'add' | 'update' | 'delete', records: number) => {
      this.#metrics.applied.inc({ pipeline, kind, op }, records);
      this.total += records;
    };
    for (const [kind, { added, updated }] of applied.counts) {
      count(kind, 'add', added);
      count(kind, 'update', updated);
    }
    for (const [kind, deleted] of applied.deleted) count(kind, 'delete', deleted);
    this.#tally.add(applied);
    this.#parked += applied.parked;
    this.#dirty ||= applied.parked + this.total - before > 0;
    if (ms !== undefined) this.#slowestMs = Math.max(this.#slowestMs ?? 0, ms);
    this.#tellNames(applied);
    this.flush();
  }

  flush(): void {
    if (!this.#dirty || performance.now() - this.#toldAt < everyMs) return;
    const statistics = this.#tally.statistics(this.#parked);
    const told = labels.flatMap(([label, name]) =>
      statistics[name] > 0 ? [`${label} ${statistics[name]}`] : [],
    );
    const deleted = this.#tally.deleted > 0 ? [`Deleted ${this.#tally.deleted}`] : [];
    const age = this.#slowestMs === undefined ? '' : ` (${this.#slowestMs} ms after the write)`;
    this.#log.info('changes applied', {
      event: 'tail.applied',
      pipeline: 'archive',
      ...statistics,
      ...(this.#slowestMs === undefined ? {} : { ms: this.#slowestMs }),
      text: `[${timestamp()}] Written to PostgreSQL: ${[...told, ...deleted].join(', ') || 'relations'}${age}`,
    });
    this.#tell({ type: 'applied', ...this.#tally.sum, parked: this.#parked, ms: this.#slowestMs ?? null });
    this.#tally = new Tally();
    this.#parked = 0;
    this.#named = 0;
    this.#slowestMs = undefined;
    this.#dirty = false;
    this.#toldAt = performance.now();
  }

  #tellNames({ synced }: BatchOutcome): void {
    for (const { kind, name, id, pgId } of synced) {
      if ((kind !== 'model' && kind !== 'dataset') || this.#named++ >= namedAtOnce) continue;
      const what = kind === 'model' ? 'Model' : 'Dataset';
      this.#log.info(`${what} synced: ${name.slice(0, 100)} (Redis ID ${id} → Pg ID ${pgId})`, {
        event: 'synced',
        kind,
      });
    }
  }
}
