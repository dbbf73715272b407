import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** One registry for a daemon. Names follow Prometheus' conventions; keys and record contents are never labels. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    applied: new Counter({
      name: 'millrace_records_applied_total',
      help: 'Records written to the target, by operation: add, update or delete',
      labelNames: ['pipeline', 'op'] as const,
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'millrace_lag_seconds',
      help: 'Age of the oldest change not yet in the target; 0 when in step',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    lagRecords: new Gauge({
      name: 'millrace_lag_records',
      help: 'Log entries after the checkpoint',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    applySeconds: new Histogram({
      name: 'millrace_apply_latency_seconds',
      help: 'From the commit in the source to the acknowledged write in the target, for the oldest change of each page',
      labelNames: ['pipeline'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 120],
      registers,
    }),
    passSeconds: new Gauge({
      name: 'millrace_pass_duration_seconds',
      help: 'How long the last complete full pass took',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    passFinished: new Gauge({
      name: 'millrace_pass_finished_timestamp_seconds',
      help: 'When the last complete full pass ended',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    passDifferences: new Counter({
      name: 'millrace_reconcile_differences_total',
      help: 'Records a full pass found different, by kind',
      labelNames: ['pipeline', 'kind'] as const,
      registers,
    }),
    skipped: new Gauge({
      name: 'millrace_records_skipped',
      help: 'Rows that can have no key (NULL or blob alias or id, invalid UTF-8), as of the last full pass',
      labelNames: ['pipeline', 'kind'] as const,
      registers,
    }),
    deadLetters: new Gauge({
      name: 'millrace_dead_letters',
      help: 'Records of the archive that are parked',
      registers,
    }),
    errors: new Counter({
      name: 'millrace_errors_total',
      help: 'Failed cycles, by error code',
      labelNames: ['pipeline', 'code'] as const,
      registers,
    }),
    ready: new Gauge({
      name: 'millrace_ready',
      help: '1 while /readyz succeeds',
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
