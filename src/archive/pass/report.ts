import type { Metrics } from '../../metrics/metrics';
import type { AppliedSum } from '../../pipeline/applied-report';
import { timestamp } from '../../foundation/timestamp';
import { type KindName, kindNames } from '../../mapping/kinds';
import { type Statistics, statisticsOf } from './statistics';

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

/** What was applied, as the log tells it. */
export function describeApplied({ kinds, deleted, parked, ms }: AppliedSum<KindName>) {
  const statistics = statisticsOf(kinds, parked);
  const told = labels.flatMap(([label, name]) =>
    statistics[name] > 0 ? [`${label} ${statistics[name]}`] : [],
  );
  if (deleted > 0) told.push(`Deleted ${deleted}`);
  const age = ms === undefined ? '' : ` (${ms} ms after the write)`;
  const text = `[${timestamp()}] Written to PostgreSQL: ${told.join(', ') || 'relations'}${age}`;
  return { fields: statistics, text };
}
