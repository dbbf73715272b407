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
import { startCounting } from '../metrics/metrics';
import { CheckpointAge } from '../pipeline/checkpoint-age';
import type { Tell } from '../pipeline/event';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import { nextTick } from '../pipeline/progress';
import { unlessFailing } from '../pipeline/unless-failing';
import { abort$ } from '../pipeline/pump';
import { runPump } from '../pipeline/run-pump';
import { PostgresConnection } from '../connections/postgres';
import type { PostgresTarget } from '../connections/postgres-url';
import { askForPass } from './ask-for-pass';
import { CaptureWatch } from './capture-watch';
import { ArchiveLane } from './lane';
import { type DeadLetterStore, deadLetterStore } from './letters/letter-store';
import { MemoryForecast } from './memory-forecast';
import { mirror$ } from './mirror/mirror';
import { MirrorLog } from './mirror/mirror-log';
import type { ArchivePassReport } from './pass/pass-runner';
import { pause, refusePaused, resume } from './position/pause';
import { retainedKinds } from '../mapping/retention-policy';
import { archiveHealth, archiveReadings, archiveStatus, type ArchiveStatus, archiveTroubles } from './status';

/** What is due once a second is not woken by anything else. */
const wakeMs = 1_000;
const sampleMs = 2_000;

export interface ArchivePipeline extends Pipeline<ArchiveStatus, ArchivePassReport> {
  readonly deadLetters: DeadLetterStore;
}

/** Redis -> stream -> Postgres, with a full pass at start, each interval, and whenever something may have been missed. */
export function archivePipeline(options: PipelineOptions, postgres: PostgresTarget): ArchivePipeline {
  const { config, log, metrics, signal } = options;
  const { catalogue } = config;
  const pipeline = 'archive';
  const startedAt = Date.now();
  const tell: Tell = (event) => {
    if (event.type === 'incident') metrics.incidents.inc({ pipeline });
    options.onEvent({ at: Date.now(), pipeline, ...event });
  };
  const ready$ = new Subject<void>();
  const lane = new ArchiveLane({
    redis: config.redis,
    postgres,
    catalogue,
    strategies: config.onConflict,
    onDelete: config.onDelete,
    retention: config.retention,
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
  const capture = new CaptureWatch({
    redis: lane.redis,
    log,
    onIncident: (what) => {
      lane.incidents.add(what);
    },
  });
  const stopped$ = abort$(signal);
  const mirrored$ = lane.standing.owned$.pipe(
    takeUntil(stopped$),
    switchMap((owned) =>
      owned && config.mirror
        ? mirror$({
            catalogue,
            target: config.redis,
            connection: lane.redis,
            signal,
            echoes: lane.stream.echoes,
          })
        : EMPTY,
    ),
    tap((event) => {
      mirror.note(event);
      if (event.type === 'mirrored') metrics.nominations.inc({ pipeline }, event.pairs);
      if (event.type === 'overflow') metrics.dropped.inc({ pipeline }, event.dropped);
    }),
  );
  const intervalSeconds = config.archiveIntervalSeconds;
  const intervalMs = intervalSeconds * 1_000;
  const passes$ = timer(intervalMs, intervalMs).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(stopped$),
  );
  const samples$ = timer(0, sampleMs).pipe(
    exhaustMap(() => memory.sample(lane.stream.entryId)),
    takeUntil(stopped$),
  );
  const capture$ = timer(sampleMs, sampleMs).pipe(
    exhaustMap(() => capture.look()),
    takeUntil(stopped$),
  );
  const pump$ = runPump(pipeline, options, tell, () => lane.cycle(), merge(ready$, interval(wakeMs)));
  const age = new CheckpointAge();
  const status = () =>
    archiveStatus({
      lane,
      age,
      mirror: mirror.status,
      memory: memory.facts,
      capture: capture.troubles,
      nextPassAt: nextTick(startedAt, intervalMs),
    });
  startCounting(metrics, { pipeline, kinds: [...catalogue.keys()] });
  metrics.nominations.inc({ pipeline }, 0);
  metrics.dropped.inc({ pipeline }, 0);
  for (const kind of retainedKinds) metrics.retained.inc({ kind }, 0);
  metrics.gauges(pipeline, () => archiveReadings(status(), intervalSeconds));
  return {
    running$: merge(pump$, mirrored$, passes$, samples$, capture$).pipe(ignoreElements()),
    status,
    troubles: (now) => archiveTroubles(now, { catalogue, intervalSeconds }),
    health: archiveHealth,
    deadLetters: deadLetterStore(people, catalogue),
    pause: (by) => pause(people, by),
    resume: () => resume(people),
    reconcile: async () => {
      await refusePaused(people);
      return unlessFailing((until) => askForPass(lane, until), { failure: () => lane.failure, signal });
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
