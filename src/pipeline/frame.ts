import { EMPTY, exhaustMap, ignoreElements, merge, type Observable, of, takeUntil, tap, timer } from 'rxjs';
import type { PipelineName } from '../config/names';
import type { Readings } from '../metrics/gauges';
import { describeError } from '../foundation/errors';
import { startCounting } from '../metrics/metrics';
import { CheckpointAge } from './checkpoint-age';
import type { Tell } from './event';
import { FaultLog } from './incidents/fault-log';
import type { PassRunner } from './pass-runner';
import { type PauseStore, refusePaused } from './pause';
import type { Pipeline, PipelineOptions } from './pipeline';
import { nextTick } from './progress';
import { abort$, pump } from './pump';
import type { Turns } from './turns';
import { unlessFailing } from './unless-failing';

/** A cycle that failed is tried again within a second: stores are near, and cheap to ask. */
const backoff = { baseMs: 50, capMs: 1_000 };

/** Facts about a pipeline's surroundings, for its status. */
export interface StatusFacts {
  readonly age: CheckpointAge;
  readonly nextPassAt: number;
}

/** The parts in which pipelines differ. */
export interface FrameParts<Status, Report> extends Pick<
  Pipeline<Status, Report>,
  'troubles' | 'health' | 'cut' | 'close'
> {
  readonly pipeline: PipelineName;
  readonly tell: Tell;
  readonly kinds: readonly string[];
  readonly turns: Turns<Report>;
  readonly passes: PassRunner<Report>;
  readonly intervalSeconds: number;
  /** When the interval first asks for a pass, in milliseconds since 1970; if that is past, at once. */
  readonly firstPassAt: number;
  /** Since when the intervals count, in milliseconds since 1970: the start, of this run or of one before it. */
  readonly startedAt: number;
  readonly wake$: Observable<unknown>;
  /** What runs beside the turns. At a stop each of these completes by itself, for it may have something in hand. */
  readonly beside: readonly Observable<unknown>[];
  readonly status: (facts: StatusFacts) => Status;
  readonly readings: (status: Status) => Readings;
  readonly pauses: PauseStore;
  /** Asks for a full pass that sees everything from now on. */
  readonly askForPass: (until: AbortSignal) => Promise<Report>;
}

/** Passes a pipeline's events on, and counts its incidents. */
export function tellOf(pipeline: PipelineName, { metrics, onEvent }: PipelineOptions): Tell {
  return (event) => {
    if (event.type === 'incident') metrics.incidents.inc({ pipeline });
    onEvent({ at: Date.now(), pipeline, ...event });
  };
}

/** A pipeline in a daemon: the pump with its turns, a full pass each interval, metrics, and what the pipeline can be asked for. */
export function framed<Status, Report>(
  options: PipelineOptions,
  parts: FrameParts<Status, Report>,
): Pipeline<Status, Report> {
  const { metrics, signal } = options;
  const { pipeline, kinds, turns, passes, intervalSeconds, firstPassAt, startedAt, pauses } = parts;
  const { troubles, health, cut, close } = parts;
  const { pause, resume } = pauses;
  const intervalMs = intervalSeconds * 1_000;
  const now = Date.now();
  let nextPassAt = firstPassAt;
  const ticks$ = timer(nextTick(startedAt, intervalMs, now) - now, intervalMs);
  const passes$ = merge(firstPassAt <= now ? of(0) : EMPTY, ticks$).pipe(
    tap(() => {
      nextPassAt = nextTick(startedAt, intervalMs, Math.max(nextPassAt, Date.now()));
    }),
    exhaustMap(() => passes.request('interval')),
    takeUntil(abort$(signal)),
  );
  const pump$ = pumpOf(options, parts);
  const age = new CheckpointAge();
  const status = () => parts.status({ age, nextPassAt });
  startCounting(metrics, { pipeline, kinds });
  metrics.gauges(pipeline, () => parts.readings(status()));
  return {
    running$: merge(pump$, passes$, ...parts.beside).pipe(ignoreElements()),
    ...{ status, troubles, health, pause, resume, cut, close },
    reconcile: async () => {
      await refusePaused(pipeline, pauses);
      return unlessFailing(parts.askForPass, {
        failure: () => turns.retrying,
        refused: () => (turns.paused === undefined ? undefined : refusePaused(pipeline, pauses)),
        signal,
      });
    },
  };
}

/** The pump of a pipeline: failures are counted, and logged ever more rarely. */
function pumpOf<Status, Report>(
  { log, metrics, signal }: PipelineOptions,
  { pipeline, tell, turns, wake$ }: FrameParts<Status, Report>,
): Observable<unknown> {
  const faults = new FaultLog();
  let told = false;
  return pump({
    cycle: () => turns.cycle(),
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
