import { exhaustMap, ignoreElements, merge, type Observable, takeUntil, timer } from 'rxjs';
import type { PipelineName } from '../config/names';
import type { Readings } from '../metrics/gauges';
import { startCounting } from '../metrics/metrics';
import { CheckpointAge } from './checkpoint-age';
import type { Tell } from './event';
import type { PassRunner } from './pass-runner';
import type { Pipeline, PipelineOptions } from './pipeline';
import { nextTick } from './progress';
import { abort$ } from './pump';
import { runPump } from './run-pump';
import type { Turns } from './turns';
import { unlessFailing } from './unless-failing';

/** What tells a pipeline's status of its surroundings. */
export interface StatusFacts {
  readonly age: CheckpointAge;
  readonly nextPassAt: number;
}

/** What one pipeline has of its own. */
export interface FrameParts<Status, Report> extends Pick<
  Pipeline<Status, Report>,
  'troubles' | 'health' | 'pause' | 'resume' | 'cut' | 'close'
> {
  readonly pipeline: PipelineName;
  readonly tell: Tell;
  readonly kinds: readonly string[];
  readonly turns: Turns<Report>;
  readonly passes: PassRunner<Report>;
  readonly intervalSeconds: number;
  /** When the interval first asks for a pass; afterwards each interval. */
  readonly firstPassSeconds: number;
  readonly wake$: Observable<unknown>;
  /** What goes on beside the turns; at the stop each comes to its end by itself, for it may have something in hand. */
  readonly beside: readonly Observable<unknown>[];
  readonly status: (facts: StatusFacts) => Status;
  readonly readings: (status: Status) => Readings;
  /** @throws E_PAUSED */
  readonly refusePaused: () => Promise<void>;
  /** Asks for a full pass that sees everything from now on. */
  readonly askForPass: (until: AbortSignal) => Promise<Report>;
}

/** Takes what a pipeline tells, and counts its incidents. */
export function tellOf(pipeline: PipelineName, { metrics, onEvent }: PipelineOptions): Tell {
  return (event) => {
    if (event.type === 'incident') metrics.incidents.inc({ pipeline });
    onEvent({ at: Date.now(), pipeline, ...event });
  };
}

/** A pipeline in a daemon: its turns, a full pass each interval, its numbers, and what it can be asked for. */
export function framed<Status, Report>(
  options: PipelineOptions,
  parts: FrameParts<Status, Report>,
): Pipeline<Status, Report> {
  const { metrics, signal } = options;
  const { pipeline, tell, kinds, turns, passes, intervalSeconds, firstPassSeconds, refusePaused } = parts;
  const { troubles, health, pause, resume, cut, close } = parts;
  const startedAt = Date.now();
  const intervalMs = intervalSeconds * 1_000;
  const passes$ = timer(firstPassSeconds * 1_000, intervalMs).pipe(
    exhaustMap(() => passes.request('interval')),
    takeUntil(abort$(signal)),
  );
  const pump$ = runPump(pipeline, options, tell, () => turns.cycle(), parts.wake$);
  const age = new CheckpointAge();
  const status = () => parts.status({ age, nextPassAt: nextTick(startedAt, intervalMs) });
  startCounting(metrics, { pipeline, kinds });
  metrics.gauges(pipeline, () => parts.readings(status()));
  return {
    running$: merge(pump$, passes$, ...parts.beside).pipe(ignoreElements()),
    ...{ status, troubles, health, pause, resume, cut, close },
    reconcile: async () => {
      await refusePaused();
      return unlessFailing(parts.askForPass, {
        failure: () => turns.failure,
        refused: () => (turns.paused === undefined ? undefined : refusePaused()),
        signal,
      });
    },
  };
}
