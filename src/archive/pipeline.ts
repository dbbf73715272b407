import { EMPTY, exhaustMap, interval, merge, Subject, takeUntil, tap, timer } from 'rxjs';
import { PostgresConnection } from '../connections/postgres/postgres';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import type { KindName } from '../mapping/kinds';
import { retainedKinds, retentionInForce } from '../mapping/retention-policy';
import { framed, tellOf } from '../pipeline/frame';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import type { MappingSample } from '../mapping/sample';
import { abort$ } from '../pipeline/pump';
import { askForPass } from './ask-for-pass';
import { CaptureWatch } from './capture-watch';
import type { ArchiveHandover } from './handover';
import { archiveLane } from './lane';
import { type DeadLetterStore, deadLetterStore } from './letters/letter-store';
import { MemoryForecast } from './memory-forecast';
import { goingMirror, type LeftMirror } from './mirror/going-mirror';
import { MirrorLog } from './mirror/mirror-log';
import type { ArchivePassReport } from './pass/report';
import { archivePauseStore } from './position/pause-store';
import { sampleRecords } from './sample';
import { archiveHealth, archiveReadings, archiveStatus, type ArchiveStatus, archiveTroubles } from './status';
import { TruthReader } from './truth/truth';

/** Nothing else would wake the lane for what is due once a second. */
const wakeMs = 1_000;
const sampleMs = 2_000;

export interface ArchivePipelineOptions extends PipelineOptions {
  /** What a pipeline of this process with other kinds has left. */
  readonly before?: ArchiveHandover | undefined;
  /** Whether, at the stop, one with other kinds is to follow. */
  readonly isFollowed?: () => boolean;
}

export interface ArchivePipeline extends Pipeline<ArchiveStatus, ArchivePassReport> {
  /** To be called when it has ended, before it is closed. undefined: whoever follows begins as at a start. */
  readonly handOver: () => ArchiveHandover | undefined;
  readonly deadLetters: DeadLetterStore;
  /** A few records of a kind, with both sides. @throws explained errors */
  readonly sample: (kind: KindName) => Promise<MappingSample>;
}

/**
 * Redis -> stream -> Postgres, with a full pass at start, each interval, and whenever something may have been missed; after another one
 * that has left something, of what is new alone.
 */
export function archivePipeline(options: ArchivePipelineOptions, postgres: PostgresTarget): ArchivePipeline {
  const { config, log, metrics, signal, before } = options;
  const { archiveIntervalSeconds: intervalSeconds, catalogue } = config;
  const pipeline = 'archive';
  const startedAt = before?.startedAt ?? Date.now();
  const retention = retentionInForce(config.retention, catalogue);
  const tell = tellOf(pipeline, options);
  const ready$ = new Subject<void>();
  const lane = archiveLane({
    redis: config.redis,
    postgres,
    catalogue,
    strategies: config.onConflict,
    onDelete: config.onDelete,
    retention,
    ...{ log, metrics, tell, before },
    onWake: () => {
      ready$.next();
    },
    onStandby: () => void stopBefore(),
  });
  const { turns, passes, redis } = lane;
  const stopBefore = async (): Promise<void> => {
    await mirrorBefore?.stop();
    mirrorBefore = undefined;
  };
  /** Until it has ended. */
  let mirrorBefore = before?.mirror;
  let isEnding = false;
  const mirror = new MirrorLog(log, config.mirror, (reason) => {
    const missed = (some: boolean) => {
      passes.restart(reason, some ? lane.due() : 'all');
      ready$.next();
    };
    if (mirrorBefore === undefined || isEnding) {
      missed(false);
      return;
    }
    isEnding = true;
    void mirrorBefore.end().then((complete) => {
      missed(complete);
      mirrorBefore = undefined;
    });
  });
  // A connection of its own, so that what people ask for does not wait for the lane.
  const people = new PostgresConnection(postgres, 'people');
  const memory = new MemoryForecast(redis);
  const capture = new CaptureWatch({
    ...{ redis, log },
    onIncident: (what) => {
      lane.incidents.add(what);
    },
  });
  const stopped$ = abort$(signal);
  const { echoes } = lane;
  const going = config.mirror
    ? goingMirror({ catalogue, target: config.redis, connection: redis, owned$: lane.owned$, echoes })
    : undefined;
  let left: LeftMirror | undefined;
  signal.addEventListener('abort', () => {
    if (options.isFollowed?.() === true && mirror.status.state === 'listening') left = going?.leave();
    else going?.stop();
  });
  const mirrored$ = (going?.events$ ?? EMPTY).pipe(
    tap((event) => {
      mirror.note(event);
      if (event.type === 'mirrored') metrics.nominations.inc({ pipeline }, event.pairs);
      if (event.type === 'overflow') metrics.dropped.inc({ pipeline }, event.dropped);
    }),
  );
  const samples$ = timer(0, sampleMs).pipe(
    exhaustMap(() => memory.sample(lane.state().entryId)),
    takeUntil(stopped$),
  );
  const looks$ = timer(sampleMs, sampleMs).pipe(
    exhaustMap(() => capture.look()),
    takeUntil(stopped$),
  );
  metrics.nominations.inc({ pipeline }, 0);
  metrics.dropped.inc({ pipeline }, 0);
  metrics.unmapped.inc({ pipeline }, 0);
  const removable = new Set([...retainedKinds(catalogue), ...Object.keys(retention ?? {})]);
  for (const kind of removable) metrics.retained.inc({ kind }, 0);
  let handedOver = false;
  const frame = framed(options, {
    ...{ pipeline, tell, turns, passes, intervalSeconds, startedAt },
    firstPassAt: before?.nextPassAt ?? startedAt + intervalSeconds * 1_000,
    kinds: [...catalogue.keys()],
    wake$: merge(ready$, interval(wakeMs)),
    beside: [mirrored$, samples$, looks$],
    status: (facts) =>
      archiveStatus({
        redis: redis.display,
        postgres: lane.postgres.display,
        state: lane.state(),
        mirror: mirror.status,
        memory: memory.facts,
        capture: capture.troubles,
        ...facts,
      }),
    troubles: (status) => archiveTroubles(status, { catalogue, intervalSeconds }),
    health: archiveHealth,
    readings: (status) => archiveReadings(status, intervalSeconds),
    pauses: archivePauseStore(people),
    askForPass: (until) => askForPass(lane, until),
    cut: () => {
      people.close();
      lane.cut();
    },
    close: async () => {
      people.close();
      if (!handedOver) await left?.stop();
      await stopBefore();
      await lane.close(handedOver && left !== undefined);
    },
  });
  const { targets } = lane;
  const shown = { redis, postgres: people, targets, strategies: config.onConflict };
  return {
    ...frame,
    handOver: () => {
      const handover = lane.handOver();
      // Until the mirror of before has ended nobody knows of which kinds a pass is due.
      if (handover === undefined || mirrorBefore !== undefined || (config.mirror && left === undefined))
        return undefined;
      handedOver = true;
      return { ...handover, startedAt, nextPassAt: frame.status().nextPassAt, mirror: left };
    },
    deadLetters: deadLetterStore(people, catalogue),
    sample: (kind) => sampleRecords({ ...shown, truth: new TruthReader(redis, catalogue) }, kind),
  };
}
