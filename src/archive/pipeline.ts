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
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import { abort$ } from '../pipeline/pump';
import { runPump } from '../pipeline/run-pump';
import type { PostgresTarget } from '../postgres-url';
import { collectEarly } from './garbage';
import { ArchiveLane } from './lane';
import { MemoryForecast } from './memory-forecast';
import { mirror$ } from './mirror';
import { MirrorLog } from './mirror-log';
import { archiveStatus, type ArchiveStatus, archiveTroubles } from './status';

/** What is due once a second is not woken by anything else. */
const wakeMs = 1_000;
const sampleMs = 2_000;

/** Redis -> stream -> Postgres, with a full pass at start, each interval, and whenever something may have been missed. */
export function archivePipeline(options: PipelineOptions, postgres: PostgresTarget): Pipeline<ArchiveStatus> {
  const { config, log, metrics, signal } = options;
  collectEarly();
  const ready$ = new Subject<void>();
  const lane = new ArchiveLane({
    redis: config.redis,
    postgres,
    strategies: config.onConflict,
    onDelete: config.onDelete,
    retention: config.retention,
    log,
    metrics,
    onWake: () => {
      ready$.next();
    },
  });
  const mirror = new MirrorLog(log, config.mirror, (reason) => {
    lane.passes.restart(reason);
    ready$.next();
  });
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
  const passes$ = timer(config.archiveIntervalSeconds * 1_000, config.archiveIntervalSeconds * 1_000).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(stopped$),
  );
  const samples$ = timer(0, sampleMs).pipe(
    exhaustMap(() => memory.sample(lane.entryId)),
    takeUntil(stopped$),
  );
  const pump$ = runPump('archive', options, () => lane.cycle(), merge(ready$, interval(wakeMs)));
  return {
    running$: merge(pump$, mirrored$, passes$, samples$).pipe(ignoreElements()),
    status: () => {
      const status = archiveStatus({ lane, mirror: mirror.status, memory: memory.facts });
      const pipeline = 'archive';
      if (status.lagRecords !== null) metrics.lagRecords.set({ pipeline }, status.lagRecords);
      metrics.lagSeconds.set({ pipeline }, status.lagSeconds);
      metrics.deadLetters.set(status.deadLetters);
      return status;
    },
    troubles: (status) => archiveTroubles(status, config.archiveIntervalSeconds),
    cut: () => {
      lane.cut();
    },
    close: () => lane.close(),
  };
}
