import { setTimeout as delay } from 'node:timers/promises';
import { asRetryable, describeError, type ErrorReport, isFatal } from '../foundation/errors';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents';
import { PauseState } from '../pipeline/pause';
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
import { LanePasses } from './lane-passes';
import { LaneStream } from './lane-stream';
import { type ArchivePassRunner, countLetters } from './pass/pass-runner';
import { Refusals } from './refusals';
import { AppliedLog } from './pass/report';
import { LaneRetention } from './retention/retention-lane';
import type { Catalogue } from '../mapping/kinds';
import type { RetentionPolicy } from '../mapping/retention-policy';
import type { SinkOptions } from './apply/sink';
import { Standing } from './position/standing';
import { TruthReader } from './truth/truth';

export interface ArchiveLaneOptions {
  readonly redis: RedisTarget;
  readonly postgres: PostgresTarget;
  readonly catalogue: Catalogue;
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
  readonly fullPasses: LanePasses;
  readonly passes: ArchivePassRunner;
  readonly refusals = new Refusals();
  /** Records parked. */
  letters = 0;
  failure: ErrorReport | undefined;
  /** By performance.now(); 0: never. */
  lastProgressAt = 0;
  readonly #options: ArchiveLaneOptions;
  readonly #connections: LaneConnections;
  readonly #follower: LaneFollower;
  readonly #retention: LaneRetention | undefined;
  #tickedAt = -Infinity;
  /** Parked records are due. */
  #retrying = false;

  constructor(options: ArchiveLaneOptions) {
    const { catalogue, log, metrics, tell, strategies, onDelete, onWake } = options;
    this.#options = options;
    this.#connections = new LaneConnections(options.redis, options.postgres);
    const { redis, postgres } = this.#connections;
    this.redis = redis;
    this.postgres = postgres;
    const checkpoint = new Checkpoint(postgres);
    this.checkpoint = checkpoint;
    this.standing = new Standing(checkpoint, redis, log);
    this.incidents = new Incidents({ pipeline: 'archive', log, tell, store: archiveIncidentStore(postgres) });
    this.pause = new PauseState('archive', log, tell);
    this.applied = new AppliedLog({ catalogue, log, metrics, tell });
    const targets = () => this.applier.targets;
    this.stream = new LaneStream({
      connections: this.#connections,
      catalogue,
      checkpoint,
      applier: () => this.applier.current,
      onWake,
      onConnected: () => {
        this.#follower.mustLook();
      },
      mayGoOn: () => this.#mayGoOn(),
    });
    const shared = { redis, postgres, truth: new TruthReader(redis, catalogue), checkpoint, strategies, log };
    this.applier = new LaneApplier({
      ...shared,
      onDelete,
      onIncident: (what) => {
        this.incidents.add(what);
      },
      echoes: this.stream.echoes,
      onApplied: (applied, ms, since) => {
        this.passes.applied(applied);
        this.refusals.note(applied);
        this.applied.add(applied, ms, since);
      },
    });
    this.fullPasses = new LanePasses({ ...shared, targets, metrics, tell });
    this.passes = this.fullPasses.runner;
    const { stream, incidents, passes } = this;
    this.#follower = new LaneFollower({
      redis,
      catalogue,
      checkpoint,
      targets,
      stream,
      passes,
      incidents,
      log,
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
      this.passes.repeat();
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
    if (this.#retrying) this.#retrying = await applier.retrySome();
    const passed = await this.#pass(applier);
    if (page !== undefined || passed || this.#retrying) return 'more';
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
    this.letters = await countLetters(this.postgres);
    applier.lettersExist = this.letters > 0;
    this.#retrying ||= this.letters > 0;
    await applier.lookUpRested();
    await this.stream.tidy();
  }

  async #pass(applier: Applier): Promise<boolean> {
    if (this.passes.beginning) {
      if (!(await this.fullPasses.mayBegin(applier, this.stream.entryId))) return false;
      this.#retrying = true;
    }
    const nominated = await this.passes.step();
    if (nominated === undefined) return false;
    if (nominated !== 'complete') await applier.applyNominated(nominated);
    else if (!this.#retrying) {
      this.letters = await countLetters(this.postgres);
      this.passes.finish(this.letters);
      this.#retention?.passed(this.fullPasses.last?.reason ?? '');
    }
    return true;
  }

  /** Whether another page may begin before the turn is over. */
  #mayGoOn(): boolean {
    if (performance.now() - this.#tickedAt >= tickMs || this.#follower.must) return false;
    return !this.#retrying && this.letters === 0 && this.passes.progress === undefined;
  }
}
