import { setTimeout as delay } from 'node:timers/promises';
import type { Observable } from 'rxjs';
import type { PostgresConnection } from '../connections/postgres/postgres';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import type { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import { asRetryable, isFatal } from '../foundation/errors';
import type { Log } from '../log/log';
import { type Catalogue, onDeleteOf } from '../mapping/kinds';
import type { RetentionPolicy } from '../mapping/retention-policy';
import type { Metrics } from '../metrics/metrics';
import { AppliedReport } from '../pipeline/applied-report';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents/incidents';
import { type Stage, Turns } from '../pipeline/turns';
import type { PassRunner, Scope } from '../pipeline/pass-runner';
import { PauseState } from '../pipeline/pause';
import type { CycleOutcome } from '../pipeline/pump';
import type { ApplierOptions } from './apply/applier';
import type { SinkOptions } from './apply/sink';
import { type LaneHandover, passDue } from './handover';
import { type ArchiveLaneState, laneState } from './lane-state';
import { Parked } from './letters/parked';
import { ArchivePasses } from './pass/passes';
import { type ArchivePassReport, describeRecordsApplied } from './pass/report';
import { countsOf } from './pass/statistics';
import { SyncedNames } from './pass/synced-names';
import { Checkpoint, Displaced } from './position/checkpoint';
import { archiveIncidentStore } from './position/incident-store';
import { type Gained, Standing } from './position/standing';
import type { Targets } from './record/target';
import { Refusals } from './refusals';
import { ArchiveConnections } from './stages/connections';
import { Follow } from './stages/follow';
import { own } from './stages/own';
import { Prepare } from './stages/prepare';
import { Retain } from './stages/retain';
import { Tail } from './stages/tail';
import { Tick } from './stages/tick';
import { Echoes } from './stream/echoes';
import { lastEntryId } from './tail/stream-tail';
import { UnmappedKeys } from './tail/unmapped';
import { EntryReader } from './truth/entry-reader';
import { TruthReader } from './truth/truth';

export interface ArchiveLaneOptions {
  readonly redis: RedisTarget;
  readonly postgres: PostgresTarget;
  readonly catalogue: Catalogue;
  readonly strategies: SinkOptions['strategies'];
  readonly onDelete: ApplierOptions['onDelete'];
  /** Set for a daemon that has to remove old records from Redis. */
  readonly retention?: RetentionPolicy | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** What a lane of this process with other kinds has left. */
  readonly before?: LaneHandover | undefined;
  /** Called when the lane may have something to do. */
  readonly onWake: () => void;
  /** Called when another instance owns the stream. */
  readonly onStandby?: () => void;
}

/** The pipeline `archive` at work; `state` tells how it is. The other parts are for those who work with the lane. */
export interface ArchiveLane {
  readonly turns: Turns<ArchivePassReport>;
  readonly state: () => ArchiveLaneState;
  readonly passes: PassRunner<ArchivePassReport>;
  readonly incidents: Incidents;
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly checkpoint: Checkpoint;
  /** The tables, as they were when they were last looked at. @throws when they have not been */
  readonly targets: () => Targets;
  readonly echoes: Echoes;
  /** Whether this instance owns the stream. */
  readonly owned$: Observable<boolean>;
  /** Of which kinds a pass was due when this instance became the owner. */
  readonly due: () => Scope;
  /** To be called when it has ended, before it is closed. undefined: whoever follows begins as at a start. */
  readonly handOver: () => LaneHandover | undefined;
  /** Cuts the connections with all that is in flight, when a stop takes too long. */
  readonly cut: () => void;
  /** Ends everything, and gives the stream up, so that a standby can take over at once. @param leavesRedis but the connection `redis` */
  readonly close: (leavesRedis?: boolean) => Promise<void>;
}

const releaseMs = 2_000; // how long a stop waits for the stream to be given up

/**
 * stream -> look-up -> sink, with full passes in between, in turns. Everything the lane knows it can find again in Redis and Postgres.
 */
export function archiveLane(options: ArchiveLaneOptions): ArchiveLane {
  const { catalogue, log, metrics, tell, strategies, onDelete, onWake } = options;
  let { before } = options;
  const connections = new ArchiveConnections(options.redis, options.postgres);
  const { redis, postgres } = connections;
  const checkpoint = new Checkpoint(postgres, before?.passRequestedAt);
  const standing = new Standing(checkpoint, redis, log);
  const incidents = new Incidents({ pipeline: 'archive', log, tell, store: archiveIncidentStore(postgres) });
  const pause = new PauseState('archive', log, tell);
  const parked = new Parked(postgres);
  const refusals = new Refusals();
  const names = new SyncedNames(log, catalogue);
  const applied = new AppliedReport({
    ...{ pipeline: 'archive', log, metrics, tell },
    describe: describeRecordsApplied(catalogue),
  });
  const unmapped = new UnmappedKeys(metrics, incidents);
  const targets = (): Targets => prepare.targets;
  const applier = () => prepare.applier;
  const truth = new TruthReader(redis, catalogue);
  const entries = new EntryReader(redis, postgres);
  const shared = { redis, postgres, checkpoint, parked, strategies, log, truth };
  const deletes = [...catalogue.values()].some((kind) => onDeleteOf(kind, onDelete) !== 'keep');
  const echoes = new Echoes(() => lastEntryId(redis));
  const prepare: Prepare = new Prepare({
    ...{ ...shared, entries, onDelete, echoes },
    onIncident: (what) => {
      incidents.add(what);
    },
    onServed: () => {
      restart('a mapping is served again');
    },
    onApplied: (page, ms, since) => {
      fullPasses.applied(page);
      refusals.note(page);
      for (const what of page.incidents) incidents.add(what);
      names.tell(page);
      applied.add({ counts: countsOf(page), parked: page.parked, tookMs: ms, since });
    },
  });
  const tail: Tail = new Tail({
    ...{ connections, catalogue, checkpoint, prepare, echoes, unmapped, onWake },
    onConnected: () => {
      follow.mustLook();
    },
    mayApply: async (page) => !deletes || follow.mayDelete(page),
    mayGoOn: () =>
      !tick.due &&
      !follow.must &&
      !parked.due &&
      !parked.possible &&
      passes.progress === undefined &&
      entries.left === 0,
  });
  const fullPasses = new ArchivePasses({
    ...{ ...shared, targets, metrics, tell, last: before?.last },
    entryId: () => tail.entryId,
    apply: (nominated) => applier().applyNominated(nominated),
    entriesLeft: () => entries.left,
    mayGoOn: () => !tick.due && !follow.must && !parked.due && !tail.waits,
    onDone: ({ reason }) => retain?.passed(reason),
  });
  const passes = fullPasses.runner;
  const restart = (reason: string) => {
    passes.restart(reason);
  };
  const follow = new Follow({
    ...{ redis, postgres, catalogue, checkpoint, targets, applier, tail, echoes, incidents, log },
    onDoubt: restart,
  });
  const tick = new Tick({
    ...{ checkpoint, pause, parked, tail, applier },
    onPassWanted: () => {
      restart('asked for');
    },
  });
  const { retention: policy } = options;
  const retain =
    policy &&
    new Retain({
      ...{ redis, postgres, targets, catalogue, policy, log, metrics },
      passing: () => passes.active,
    });
  const retry: Stage = async () => {
    await parked.retry(() => applier().retrySome());
    return parked.due ? 'more' : undefined;
  };
  const readOn: Stage = async () => ((await applier().readOn()) ? 'more' : undefined);
  const pass: Stage = async () => ((await passes.step()) ? 'more' : undefined);
  const report: Stage = () => {
    applied.flush();
    return undefined;
  };
  let due: Scope = 'all';
  const begin = ({ from, silentSince }: Gained) => {
    if (from !== undefined) incidents.add(`took over the stream from ${from}`, silentSince);
    follow.mustLook();
    prepare.made?.forget();
    parked.suspect(); // the owner before may have parked records
    tail.reset();
    due = before === undefined ? 'all' : passDue(before, catalogue, checkpoint.epoch);
    before = undefined;
    if (due === 'all') restart('start');
    else passes.restart('the mappings have changed', due);
  };
  const gained = own(standing, begin, () => options.onStandby?.());
  const recover = (thrown: unknown): CycleOutcome => {
    if (thrown instanceof Displaced) {
      tail.reset();
      prepare.made?.forget();
      refusals.clear();
      if (standing.lost()) incidents.add(thrown.message);
      return 'idle';
    }
    const error = postgres.translate(thrown);
    if (isFatal(error)) prepare.distrust();
    prepare.made?.forget();
    // What worked before was set up rightly: a person may mend it while we go on trying.
    throw prepare.started ? asRetryable(error) : error;
  };
  const turns = new Turns({
    ...{ passes, incidents, pause, applied, recover },
    stages: {
      always: [prepare.run, gained, follow.run, tick.run, tail.run, readOn, retry, pass],
      atRest: [tail.rest, report, ...(retain === undefined ? [] : [retain.run])],
    },
  });
  return {
    ...{ turns, passes, incidents, redis, postgres, checkpoint, targets, echoes },
    owned$: standing.owned$,
    due: () => due,
    state: () => laneState({ checkpoint, standing, tail, entries, parked, refusals, prepare, turns }),
    handOver: () => {
      const { epoch, passRequestedAt } = checkpoint;
      const { last, scope = new Set() } = passes;
      if (epoch === undefined || last === undefined || scope === 'all') return undefined;
      // A pass of all would find what a lane knows of alone.
      const owed = new Set([
        ...scope,
        ...(prepare.made?.owed ?? []),
        ...prepare.stopped.map(({ kind }) => kind),
      ]);
      return { catalogue, epoch, passRequestedAt, last, owed };
    },
    cut: () => {
      connections.close();
    },
    close: async (leavesRedis) => {
      tail.reset();
      await incidents.close();
      // If this fails, a standby only waits a little longer.
      const released = checkpoint.release().catch(() => undefined);
      await Promise.race([released, delay(releaseMs, undefined, { ref: false })]);
      connections.close(leavesRedis);
    },
  };
}
