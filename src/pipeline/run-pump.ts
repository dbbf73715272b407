import type { Observable } from 'rxjs';
import { describeError } from '../foundation/errors';
import type { Tell } from './event';
import type { PipelineOptions } from './pipeline';
import type { PipelineName } from '../config/names';
import { FaultLog } from './fault-log';
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
  const faults = new FaultLog();
  let told = false;
  return pump({
    cycle,
    wake$,
    backoff,
    signal,
    onFailure: (error, attempt, delayMs) => {
      const report = describeError(error);
      metrics.errors.inc({ pipeline, code: report.code });
      if (attempt === 1) tell({ type: 'failed', error: report });
      const silent = faults.tell(report.code);
      if (silent === undefined) return;
      told = true;
      const more = silent === 0 ? {} : { silent };
      log.failure(attempt < 4 ? 'warn' : 'error', error, { pipeline, attempt, delayMs, ...more });
    },
    onRecovery: () => {
      if (told) log.info('recovered', { event: 'recovered', pipeline });
      told = false;
      tell({ type: 'recovered' });
    },
  });
}
