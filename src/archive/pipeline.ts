import {
  EMPTY,
  exhaustMap,
  ignoreElements,
  interval,
  merge,
  Subject,
  switchMap,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import type { Tell } from '../pipeline/event';
import { pausedError } from '../pipeline/pause';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import { nextTick } from '../pipeline/progress';
import { unlessFailing } from '../pipeline/unless-failing';
import { abort$ } from '../pipeline/pump';
import { runPump } from '../pipeline/run-pump';
import { PostgresConnection } from '../postgres';
import type { PostgresTarget } from '../postgres-url';
import { askForPass } from './ask-for-pass';
import { collectEarly } from './garbage';
import { ArchiveLane } from './lane';
import { type DeadLetterStore, deadLetterStore } from './letter-store';
import { MemoryForecast } from './memory-forecast';
import { mirror$ } from './mirror';
import { MirrorLog } from './mirror-log';
import type { ArchivePassReport } from './pass-runner';
import { pause, readPause, resume } from './pause';
import { archiveStatus, type ArchiveStatus, archiveTroubles } from './status';

/** What is due once a second is not woken by anything else. */
const wakeMs = 1_000;
const sampleMs = 2_000;

export interface ArchivePipeline extends Pipeline<ArchiveStatus, ArchivePassReport> {
  readonly deadLetters: DeadLetterStore;
}

/** Redis -> stream -> Postgres, with a full pass at start, each interval, and whenever something may have been missed. */
export function archivePipeline(options: PipelineOptions, postgres: PostgresTarget): ArchivePipeline {
  const { config, log, metrics, signal } = options;
  const pipeline = 'archive';
  const startedAt = Date.now();
  const tell: Tell = (event) => {
    options.onEvent({ at: Date.now(), pipeline, ...event });
  };
  collectEarly();
  const ready$ = new Subject<void>();
  const lane = new ArchiveLane({
    redis: config.redis,
    postgres,
    strategies: config.onConflict,
    onDelete: config.onDelete,
    log,
    metrics,
    tell,
    onWake: () => {
      ready$.next();
    },
  });
  const mirror = new MirrorLog(log, config.mirror, (reason) => {
    lane.passes.restart(reason);
    ready$.next();
  });
  // What people ask for does not wait for what the lane is doing.
  const people = new PostgresConnection(postgres, 'people');
  const memory = new MemoryForecast(lane.redis);
  const stopped$ = abort$(signal);
  const mirrored$ = lane.standing.owned$.pipe(
    takeUntil(stopped$),
    switchMap((owned) =>
      owned && config.mirror
        ? mirror$({ target: config.redis, connection: lane.redis, signal, echoes: lane.echoes })
        : EMPTY,
    ),
    tap((event) => {
      mirror.note(event);
    }),
  );
  const intervalMs = config.archiveIntervalSeconds * 1_000;
  const passes$ = timer(intervalMs, intervalMs).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(stopped$),
  );
  const samples$ = timer(0, sampleMs).pipe(
    exhaustMap(() => memory.sample(lane.entryId)),
    takeUntil(stopped$),
  );
  const pump$ = runPump(pipeline, options, tell, () => lane.cycle(), merge(ready$, interval(wakeMs)));
  return {
    running$: merge(pump$, mirrored$, passes$, samples$).pipe(ignoreElements()),
    status: () => {
      const nextPassAt = nextTick(startedAt, intervalMs);
      const status = archiveStatus({ lane, mirror: mirror.status, memory: memory.facts, nextPassAt });
      if (status.lagRecords !== null) metrics.lagRecords.set({ pipeline }, status.lagRecords);
      metrics.lagSeconds.set({ pipeline }, status.lagSeconds);
      metrics.deadLetters.set(status.deadLetters);
      return status;
    },
    troubles: (status) => archiveTroubles(status, config.archiveIntervalSeconds),
    deadLetters: deadLetterStore(people),
    pause: (by) => pause(people, by),
    resume: () => resume(people),
    reconcile: async () => {
      const paused = await readPause(people);
      if (paused !== undefined) throw pausedError(pipeline, paused);
      return unlessFailing(askForPass(lane), () => lane.failure, signal);
    },
    cut: () => {
      people.close();
      lane.cut();
    },
    close: async () => {
      people.close();
      await lane.close();
    },
  };
}
