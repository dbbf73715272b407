import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { createGauges } from './gauges';
import { version } from '../foundation/package-root';

/** Buckets for the latency of a change: from the usual millisecond to minutes, after a store was away. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Buckets for the duration of one atomic step. */
const stepBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * One registry for a daemon; docs/metrics.md explains each metric. Names follow Prometheus' conventions; keys and contents of
 * records are never labels. Counters are raised once a page, never once a record.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: 'millrace_build_info',
    help: 'Always 1: what runs here',
    labelNames: ['version', 'node'] as const,
    registers,
  }).set({ version, node: process.versions.node }, 1);
  return {
    registry,
    /** Has a pipeline read at each scrape; null is not shown. */
    gauges: createGauges(registry),
    applied: new Counter({
      name: 'millrace_records_applied_total',
      help: 'Records written to the target, by kind and operation: add, update or delete',
      labelNames: ['pipeline', 'kind', 'op'] as const,
      registers,
    }),
    applySeconds: new Histogram({
      name: 'millrace_apply_duration_seconds',
      help: 'How long one atomic step took that writes records and moves the checkpoint',
      labelNames: ['pipeline'] as const,
      buckets: stepBuckets,
      registers,
    }),
    latencySeconds: new Histogram({
      name: 'millrace_end_to_end_latency_seconds',
      help: 'From the commit in the source to the acknowledged write in the target, for the oldest change of each page',
      labelNames: ['pipeline'] as const,
      buckets: latencyBuckets,
      registers,
    }),
    passes: new Counter({
      name: 'millrace_passes_total',
      help: 'Complete full passes',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    passDifferences: new Counter({
      name: 'millrace_reconcile_differences_total',
      help: 'Records full passes found different, by kind',
      labelNames: ['pipeline', 'kind'] as const,
      registers,
    }),
    skipped: new Gauge({
      name: 'millrace_records_skipped',
      help: 'Rows that can have no key (NULL or blob alias or id, invalid UTF-8, too long), as of the last full pass',
      labelNames: ['pipeline', 'kind'] as const,
      registers,
    }),
    retained: new Counter({
      name: 'millrace_retention_removed_total',
      help: 'Records removed from Redis because they are old and safe in Postgres, by kind',
      labelNames: ['kind'] as const,
      registers,
    }),
    nominations: new Counter({
      name: 'millrace_mirror_nominations_total',
      help: 'Nominations the mirror wrote into the stream',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    dropped: new Counter({
      name: 'millrace_mirror_dropped_total',
      help: 'Notifications the mirror could not keep; a full pass finds what they told of',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    unmapped: new Counter({
      name: 'millrace_unmapped_keys_total',
      help: 'Keys that writers told of by the functions and no mapping has, and changes of mappings that were taken out: they become no rows',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    incidents: new Counter({
      name: 'millrace_incidents_total',
      help: 'What happened that should not, as in status: a flush, a replaced file, another owner',
      labelNames: ['pipeline'] as const,
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

/** Metrics of this process: memory, CPU, event loop. Each has an observer, so they are made only for a registry that is scraped. */
export function describeProcess(registry: Registry): void {
  // How late the event loop is, is measured by a timer that fires this often: at its usual 10 ms it would be most of what wakes a daemon at rest.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 50 });
  // These gauges have names like counters, and only repeat the sums of other gauges.
  for (const what of ['resources', 'handles', 'requests'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Makes a pipeline's series begin at 0: the first increase of a series that is not there yet would be lost. */
export function startCounting(
  metrics: Metrics,
  { pipeline, kinds }: { readonly pipeline: string; readonly kinds: readonly string[] },
): void {
  for (const kind of kinds) {
    for (const op of ['add', 'update', 'delete']) metrics.applied.inc({ pipeline, kind, op }, 0);
    metrics.passDifferences.inc({ pipeline, kind }, 0);
  }
  metrics.applySeconds.zero({ pipeline });
  metrics.latencySeconds.zero({ pipeline });
  metrics.passes.inc({ pipeline }, 0);
  metrics.incidents.inc({ pipeline }, 0);
}
