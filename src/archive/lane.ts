import { setTimeout as delay } from 'node:timers/promises';
import { asRetryable, describeError, type ErrorReport, isFatal } from '../foundation/errors';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents';
import { PauseState } from '../pipeline/pause';
import type { PassRunner } from '../pipeline/pass-runner';
import type { CycleOutcome } from '../pipeline/pump';
import type { PostgresConnection } from '../connections/postgres';
import type { PostgresTarget } from '../connections/postgres-url';
import type { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import type { Applier } from './apply/applier';
import { Checkpoint, Displaced } from './position/checkpoint';
import { archiveIncidentStore } from './position/incident-store';
import { LaneApplier } from './lane-applier';
import { LaneConnections } from './lane-connections';
import { LaneFollower } from './lane-follower';
import { LaneStream } from './lane-stream';
import { Parked } from './letters/parked';
import { ArchivePasses } from './pass/passes';
import { Refusals } from './refusals';
import { AppliedLog, type ArchivePassReport } from './pass/report';
import { LaneRetention } from './retention/retention-lane';
import type { RetentionPolicy } from '../mapping/retention-policy';
import type { SinkOptions } from './apply/sink';
import { Standing } from './position/standing';
import { TruthReader } from './truth/truth';

export interface ArchiveLaneOptions {
  readonly redis: RedisTarget;
  readonly postgres: PostgresTarget;
  readonly strategies: SinkOptions['strategies'];
  readonly onDelete: SinkOptions['onDelete'];
  /** Given to a daemon that has to remove what is old from Redis. */
  readonly retention?: RetentionPolicy | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** Called when there may be something to do. */
  readonly onWake: () => void;
}

/**
 * How often signs of life are given and parked records looked at. Less than the second after which an idle lane wakes, or every
 * other time would be missed.
 */
const tickMs = 900;
const releaseMs = 2_000; // for giving up the stream at the stop

/**
 * The pipeline `archive`: stream -> look-up -> sink, and the full pass in between. Whatever it knows it can find again in Redis
 * and Postgres.
 */
export class ArchiveLane {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly checkpoint: Checkpoint;
  readonly standing: Standing;
  readonly incidents: Incidents;
  readonly pause: PauseState;
  readonly applied: AppliedLog;
  readonly stream: LaneStream;
  readonly applier: LaneApplier;
  readonly passes: PassRunner<ArchivePassReport>;
  readonly refusals = new Refusals();
  readonly parked: Parked;
  failure: ErrorReport | undefined;
  /** By performance.now(); 0: never. */
  lastProgressAt = 0;
  readonly #options: ArchiveLaneOptions;
  readonly #connections: LaneConnections;
  readonly #follower: LaneFollower;
  readonly #retention: LaneRetention | undefined;
  #tickedAt = -Infinity;

  constructor(options: ArchiveLaneOptions) {
    const { log, metrics, tell, strategies, onDelete, onWake } = options;
    this.#options = options;
    this.#connections = new LaneConnections(options.redis, options.postgres);
    const { redis, postgres } = this.#connections;
    this.redis = redis;
    this.postgres = postgres;
    const checkpoint = new Checkpoint(postgres);
    this.checkpoint = checkpoint;
    this.parked = new Parked(postgres);
    this.standing = new Standing(checkpoint, redis, log);
    this.incidents = new Incidents({ pipeline: 'archive', log, tell, store: archiveIncidentStore(postgres) });
    this.pause = new PauseState('archive', log, tell);
    this.applied = new AppliedLog(log, metrics, tell);
    const targets = () => this.applier.targets;
    this.stream = new LaneStream({
      connections: this.#connections,
      checkpoint,
      applier: () => this.applier.current,
      onWake,
      onConnected: () => {
        this.#follower.mustLook();
      },
      mayGoOn: () => this.#mayGoOn(),
    });
    const shared = { redis, postgres, truth: new TruthReader(redis), checkpoint, strategies, log };
    this.applier = new LaneApplier({
      ...shared,
      onDelete,
      parked: this.parked,
      onIncident: (what) => {
        this.incidents.add(what);
      },
      echoes: this.stream.echoes,
      onApplied: (applied, ms, since) => {
        passes.applied(applied);
        this.refusals.note(applied);
        this.applied.add(applied, ms, since);
      },
    });
    const passes = new ArchivePasses({
      ...{ ...shared, targets, metrics, tell },
      parked: this.parked,
      entryId: () => this.stream.entryId,
      apply: (nominated) => this.applier.made.applyNominated(nominated),
      retryAll: () => this.applier.made.retryAll(),
      onDone: ({ reason }) => this.#retention?.passed(reason),
    });
    this.passes = passes.runner;
    const { stream, incidents } = this;
    this.#follower = new LaneFollower({
      ...{ redis, checkpoint, targets, stream, passes: this.passes, incidents, log },
    });
    const { retention: policy } = options;
    this.#retention = policy && new LaneRetention({ redis, postgres, targets, policy, log, metrics });
  }

  /** One turn. Throws what the pump should retry or stop for; being displaced by another instance is neither. */
  async cycle(): Promise<CycleOutcome> {
    try {
      const outcome = await this.#turn();
      this.failure = undefined;
      this.lastProgressAt = performance.now();
      this.incidents.succeeded();
      return outcome;
    } catch (thrown) {
      if (thrown instanceof Displaced) {
        this.#lost(thrown.message);
        return 'idle';
      }
      const translated = this.postgres.translate(thrown);
      // It worked before, so it was right: a person may mend it while we go on trying.
      const error = this.applier.started ? asRetryable(translated) : translated;
      if (isFatal(translated)) this.applier.distrust();
      this.applier.current?.forget();
      // A fatal one ends the run, which tells it.
      if (!isFatal(error)) this.incidents.failed((this.failure = describeError(error)), this.lastProgressAt);
      throw error;
    }
  }

  /** Ends everything; a standby may take over at once. */
  async close(): Promise<void> {
    this.stream.reset();
    await this.incidents.close();
    // Without it the standby waits a little longer.
    await Promise.race([
      this.checkpoint.release().catch(() => undefined),
      delay(releaseMs, undefined, { ref: false }),
    ]);
    this.#connections.close();
  }

  /** Cuts what is in flight, at the end of the patience. */
  cut(): void {
    this.#connections.close();
  }

  async #turn(): Promise<CycleOutcome> {
    const applier = await this.applier.prepare();
    if (!(await this.#own())) return 'idle';
    if (this.checkpoint.position === undefined) await this.checkpoint.reload();
    await this.#follower.follow(applier);
    const { position } = this.checkpoint;
    if (position === undefined) return 'more';
    this.stream.entryId = position.entryId;
    await this.#tick(applier);
    if (this.pause.current !== undefined) return 'idle';

    const page = this.stream.take();
    if (page !== undefined) {
      const { onDelete } = this.#options;
      if (onDelete === 'delete' && !(await this.#follower.mayDelete(page, applier))) return 'more';
      await this.stream.apply(page);
    }
    await this.parked.retry(() => applier.retrySome());
    const passed = await this.passes.step();
    if (page !== undefined || passed || this.parked.due) return 'more';
    this.stream.behindSince = undefined;
    this.applied.flush();
    if (!this.passes.active && (await this.#retention?.step())) return 'more';
    return 'idle';
  }

  /** @returns whether this instance may write */
  async #own(): Promise<boolean> {
    const standing = await this.standing.ask();
    if (standing.is !== 'gained') return standing.is === 'owner';
    if (standing.from !== undefined)
      this.incidents.add(`took over the stream from ${standing.from}`, standing.silentSince);
    this.#follower.mustLook();
    this.applier.current?.forget();
    this.parked.suspect(); // by that instance
    this.stream.reset();
    this.passes.restart('start');
    return true;
  }

  #lost(message: string): void {
    this.stream.reset();
    this.applier.current?.forget();
    this.refusals.clear();
    if (this.standing.lost()) this.incidents.add(message);
  }

  /** What is due once a second: a sign of life, parked records to try again, points that had to rest. */
  async #tick(applier: Applier): Promise<void> {
    if (performance.now() - this.#tickedAt < tickMs) return;
    this.#tickedAt = performance.now();
    const { passRequested, paused } = await this.checkpoint.renew();
    this.pause.note(paused);
    if (passRequested) this.passes.restart('asked for');
    await this.parked.look();
    if (this.parked.possible) this.parked.call();
    await applier.lookUpRested();
    await this.stream.tidy();
  }

  /** Whether another page may begin before the turn is over. */
  #mayGoOn(): boolean {
    if (performance.now() - this.#tickedAt >= tickMs || this.#follower.must) return false;
    return !this.parked.due && !this.parked.possible && this.passes.progress === undefined;
  }
}
