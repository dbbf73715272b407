import type { Observable } from 'rxjs';
import { describeError } from '../errors';
import type { Tell } from './event';
import type { PipelineName, PipelineOptions } from './pipeline';
import { type CycleOutcome, pump } from './pump';

/** Stores are near and cheap to ask: a fault is looked at again within a second. */
const backoff = { baseMs: 50, capMs: 1_000 };

/** The pump of a pipeline in a daemon: failures are counted, and told ever more rarely. */
export function runPump(
  pipeline: PipelineName,
  { log, metrics, signal }: PipelineOptions,
  tell: Tell,
  cycle: () => Promise<CycleOutcome>,
  wake$: Observable<unknown>,
): Observable<CycleOutcome> {
  return pump({
    cycle,
    wake$,
    backoff,
    signal,
    onFailure: (error, attempt, delayMs) => {
      const report = describeError(error);
      metrics.errors.inc({ pipeline, code: report.code });
      if (attempt === 1) tell({ type: 'failed', error: report });
      // The first failure and then ever fewer: a store that is away for an hour is not news each second.
      const level = attempt < 4 ? 'warn' : 'error';
      if (Number.isInteger(Math.log2(attempt))) log.failure(level, error, { pipeline, attempt, delayMs });
    },
    onRecovery: () => {
      log.info('recovered', { event: 'recovered', pipeline });
      tell({ type: 'recovered' });
    },
  });
}
