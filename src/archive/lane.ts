import { setTimeout as delay } from 'node:timers/promises';
import { asRetryable, describeError, type ErrorReport, isFatal } from '../errors';
import type { Log } from '../log';
import type { Metrics } from '../metrics';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents';
import { PauseState } from '../pipeline/pause';
import type { CycleOutcome } from '../pipeline/pump';
import type { PostgresConnection } from '../postgres';
import type { PostgresTarget } from '../postgres-url';
import type { RedisConnection, ServerFacts } from '../redis';
import type { RedisTarget } from '../redis-url';
import { Applier } from './applier';
import { Checkpoint, Displaced } from './checkpoint';
import { Echoes } from './echoes';
import { beforeAll } from './entry-id';
import { Follower } from './follower';
import { keepAll } from './kept';
import { LaneConnections } from './lane-connections';
import { LanePasses } from './lane-passes';
import { type ArchivePassReport, type ArchivePassRunner, countLetters } from './pass-runner';
import { findTargets, inspectRedis, loadLibrary, prepareSchema } from './preparation';
import { Refusals } from './refusals';
import { Relay } from './relay';
import { AppliedLog } from './report';
import { LaneRetention } from './retention-lane';
import type { RetentionPolicy } from './retention-policy';
import { ArchiveSink, type SinkOptions } from './sink';
import { Standing } from './standing';
import type { Page } from './stream';
import { lastEntryId, StreamTail } from './stream-tail';
import type { Targets } from './target';
import { Trimming } from './trim';
import { TruthReader } from './truth';

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
/** For giving up the stream at the stop. */
const releaseMs = 2_000;

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
  readonly echoes: Echoes;
  readonly refusals = new Refusals();
  server: ServerFacts | undefined;
  /** The last entry known to be applied. */
  entryId = beforeAll;
  /** Records parked. */
  letters = 0;
  /** When the oldest entry not yet applied was written; undefined: in step. */
  behindSince: number | undefined;
  failure: ErrorReport | undefined;
  /** By performance.now(); 0: never. */
  lastProgressAt = 0;
  readonly #options: ArchiveLaneOptions;
  readonly #connections: LaneConnections;
  readonly #tail: StreamTail;
  readonly #follower: Follower;
  readonly #truth: TruthReader;
  readonly #passes: LanePasses;
  readonly #relay: Relay;
  readonly #trimming: Trimming;
  readonly #retention: LaneRetention | undefined;
  #targets: Targets | undefined;
  #applier: Applier | undefined;
  #tickedAt = -Infinity;
  /** Everything was in order once: what fails from now on may be mended while we go on trying. */
  #started = false;
  /** Parked records are due. */
  #retrying = false;

  constructor(options: ArchiveLaneOptions) {
    const { log, metrics, tell, strategies } = options;
    this.#options = options;
    this.#connections = new LaneConnections(options.redis, options.postgres);
    const { redis, tail, postgres, second } = this.#connections;
    this.redis = redis;
    this.postgres = postgres;
    this.checkpoint = new Checkpoint(postgres);
    this.standing = new Standing(this.checkpoint, redis, log);
    this.incidents = new Incidents('archive', log, tell);
    this.pause = new PauseState('archive', log, tell);
    this.#follower = new Follower(redis, this.checkpoint, (transaction) =>
      keepAll(transaction, this.#requireTargets()),
    );
    this.#truth = new TruthReader(redis);
    this.#trimming = new Trimming(redis);
    this.applied = new AppliedLog(log, metrics, tell);
    this.echoes = new Echoes(() => lastEntryId(redis));
    this.#tail = new StreamTail(tail, this.echoes, options.onWake, (kind, identity) =>
      this.#applier?.knownId(kind, identity),
    );
    // Whatever is read over a new connection may come from another life of Redis.
    tail.client.on('ready', () => {
      this.#follower.mustLook();
    });
    this.#relay = new Relay({
      tail: this.#tail,
      connections: [postgres, second],
      isPlain: (page) => this.#applier?.isPlain(page) === true,
      apply: async (page, behind) => {
        this.behindSince ??= page.since;
        // Written down before the position moves on.
        if (page.owesPass) await this.checkpoint.requestPass();
        return this.#requireApplier().applyPage(page, behind);
      },
      onApplied: ({ position, since }) => {
        this.entryId = position;
        this.behindSince = since;
        this.#trimming.start(this.checkpoint.position, position);
      },
      mayGoOn: () => this.#mayGoOn(),
    });
    const targets = () => this.#requireTargets();
    const shared = { redis, postgres, truth: this.#truth, checkpoint: this.checkpoint };
    this.#passes = new LanePasses({ ...shared, targets, strategies, log, metrics, tell });
    const { retention: policy } = options;
    this.#retention = policy && new LaneRetention({ redis, postgres, targets, policy, log, metrics });
  }

  get passes(): ArchivePassRunner {
    return this.#passes.runner;
  }

  get lastPass(): ArchivePassReport | undefined {
    return this.#passes.last;
  }

  get passDoneAt(): number {
    return this.#passes.doneAt;
  }

  /** One turn. Throws what the pump should retry or stop for; being displaced by another instance is neither. */
  async cycle(): Promise<CycleOutcome> {
    try {
      const outcome = await this.#turn();
      this.failure = undefined;
      this.lastProgressAt = performance.now();
      return outcome;
    } catch (thrown) {
      if (thrown instanceof Displaced) {
        this.#lost(thrown.message);
        return 'idle';
      }
      const translated = this.postgres.translate(thrown);
      // It worked before, so it was right: a person may mend it while we go on trying.
      const error = this.#started ? asRetryable(translated) : translated;
      if (isFatal(translated)) this.#targets = undefined; // a table may have changed: look at it again
      this.#applier?.forget();
      this.passes.repeat();
      if (!isFatal(error)) this.failure = describeError(error); // a fatal one ends the run, which tells it
      throw error;
    }
  }

  /** Ends everything; a standby may take over at once. */
  async close(): Promise<void> {
    this.#tail.reset();
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
    await this.#prepare();
    if (!(await this.#own())) return 'idle';
    if (this.checkpoint.position === undefined) await this.checkpoint.reload();
    const applier = this.#requireApplier();
    await this.#follow(applier);
    const { position } = this.checkpoint;
    if (position === undefined) return 'more';
    this.entryId = position.entryId;
    await this.#tick(applier);
    if (this.pause.current !== undefined) return 'idle';

    const page = this.#tail.take(position.entryId);
    if (page !== undefined) {
      if (!(await this.#mayDelete(page, applier))) return 'more';
      await this.#relay.run(page);
      await this.#trimming.settle();
    }
    if (this.#retrying) this.#retrying = await applier.retrySome();
    const passed = await this.#pass(applier);
    if (page !== undefined || passed || this.#retrying) return 'more';
    this.behindSince = undefined;
    this.applied.flush();
    if (!this.passes.active && (await this.#retention?.step())) return 'more';
    return 'idle';
  }

  /** Once, and again after a table has changed. */
  async #prepare(): Promise<void> {
    if (this.#targets !== undefined) return;
    const { log, strategies, onDelete } = this.#options;
    await this.redis.connect();
    this.server ??= await inspectRedis(this.redis, log);
    // Only at first: a table that is renamed while we run comes back, and not beside an empty one of ours.
    if (!this.#started) await prepareSchema(this.postgres, log);
    this.#targets = await findTargets(this.postgres, onDelete);
    const shared = { postgres: this.postgres, checkpoint: this.checkpoint, truth: this.#truth, onDelete };
    const sink = new ArchiveSink({ ...shared, targets: this.#targets, strategies });
    this.#applier = new Applier({
      ...shared,
      redis: this.redis,
      sink,
      echoes: this.echoes,
      onApplied: (applied, ms, since) => {
        this.passes.applied(applied);
        this.refusals.note(applied);
        this.applied.add(applied, ms, since);
      },
    });
    this.#started = true;
  }

  /** @returns whether this instance may write */
  async #own(): Promise<boolean> {
    const standing = await this.standing.ask();
    if (standing.is !== 'gained') return standing.is === 'owner';
    if (standing.from !== undefined) this.incidents.add(`took over the stream from ${standing.from}`);
    this.#follower.mustLook();
    this.#applier?.forget();
    this.#tail.reset();
    this.passes.restart('start');
    return true;
  }

  #lost(message: string): void {
    this.#tail.reset();
    this.#applier?.forget();
    this.refusals.clear();
    if (this.standing.lost()) this.incidents.add(message);
  }

  /** Redis may have gone back in time, or be another one. */
  async #follow(applier: Applier): Promise<void> {
    const found = await this.#follower.look();
    if (found === undefined) return;
    if (found.verdict !== 'continue') {
      this.#tail.reset();
      applier.startOver(found.lastGeneratedId);
    }
    if (found.incident !== undefined) {
      this.incidents.add(found.incident);
      this.echoes.clear(); // the same ids may mean other records
    }
    if (found.needsPass) this.passes.restart(found.incident ?? 'start');
    // Writers would get "Function not found".
    if (found.restarted) await loadLibrary(this.redis, this.#options.log);
  }

  /**
   * Before deletions are applied Redis is looked at once more: after a flush the ids start over, and the deletion of a new record
   * would be taken for one of its predecessor. @returns whether the page still counts
   */
  async #mayDelete(page: Page, applier: Applier): Promise<boolean> {
    const deletes = [...page.deleted.values()].some(({ size }) => size > 0);
    if (this.#options.onDelete === 'keep' || !deletes) return true;
    const before = this.checkpoint.position;
    this.#follower.mustLook();
    await this.#follow(applier);
    const { position } = this.checkpoint;
    return position?.incarnation === before?.incarnation && position?.entryId === before?.entryId;
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
    const { position } = this.checkpoint;
    if (position !== undefined && this.behindSince === undefined) await this.#trimming.exactly(position);
  }

  async #pass(applier: Applier): Promise<boolean> {
    if (this.passes.beginning) {
      if (!(await this.#passes.mayBegin(applier, this.entryId))) return false;
      this.#retrying = true;
    }
    const nominated = await this.passes.step();
    if (nominated === undefined) return false;
    if (nominated !== 'complete') await applier.applyNominated(nominated);
    else if (!this.#retrying) {
      this.letters = await countLetters(this.postgres);
      this.passes.finish(this.letters);
      this.#retention?.passed(this.lastPass?.reason ?? '');
    }
    return true;
  }

  /** Whether another page may begin before the turn is over. */
  #mayGoOn(): boolean {
    const due = performance.now() - this.#tickedAt >= tickMs;
    return (
      !due &&
      !this.#retrying &&
      this.letters === 0 &&
      this.passes.progress === undefined &&
      !this.#follower.must
    );
  }

  #requireTargets(): Targets {
    if (this.#targets === undefined) throw new Error('the tables have not been looked at');
    return this.#targets;
  }

  #requireApplier(): Applier {
    if (this.#applier === undefined) throw new Error('the lane is not prepared');
    return this.#applier;
  }
}
