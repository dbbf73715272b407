import type { PipelineName } from '../config/names';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Tell } from './event';
import type { Scope } from './pass-runner';

/** How a pipeline's full passes are told. */
export interface PassWords<Report> {
  /** What a person reads when a pass begins. @param of the mappings that it is of; undefined: all */
  readonly started: (of: readonly string[] | undefined) => string;
  /** What a person reads when it is complete. */
  readonly summary: (report: Report) => string;
  /** How many records the pass found different, by kind. */
  readonly differences: (report: Report) => readonly (readonly [kind: string, count: number])[];
}

export interface PassTellerOptions<Report> {
  readonly pipeline: PipelineName;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  readonly words: PassWords<Report>;
}

/** Tells when a full pass has begun, and when it is complete: to the log, as an event, and in metrics. */
export function passTeller<Report extends { readonly ms: number }>(options: PassTellerOptions<Report>) {
  const { pipeline, log, metrics, tell, words } = options;
  return {
    begun(reason: string, scope: Scope): void {
      const of = scope === 'all' ? undefined : [...scope];
      log.info('pass started', { event: 'pass.start', pipeline, reason, of, text: words.started(of) });
      tell({ type: 'pass-started', reason });
    },
    done(report: Report): void {
      const differences = words.differences(report);
      metrics.passes.inc({ pipeline });
      for (const [kind, count] of differences) metrics.passDifferences.inc({ pipeline, kind }, count);
      const text = words.summary(report);
      log.info('pass complete', { event: 'pass.done', pipeline, ...report, text });
      const sum = differences.reduce((total, [, count]) => total + count, 0);
      tell({ type: 'pass-done', ms: report.ms, differences: sum });
    },
  };
}
