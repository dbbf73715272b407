import { asRetryable, describeError, type ErrorReport, isFatal, MillraceError } from '../foundation/errors';
import type { Log } from '../log/log';
import type { Metrics } from '../metrics/metrics';
import type { Tell } from '../pipeline/event';
import { Incidents } from '../pipeline/incidents';
import { PauseState } from '../pipeline/pause';
import type { PassRunner } from '../pipeline/pass-runner';
import type { CycleOutcome } from '../pipeline/pump';
import { inspectServer, type RedisConnection, type ServerFacts } from '../connections/redis';
import { Vouching } from './sink/alias-case';
import { sqliteError } from './source/database';
import { Follower } from './sink/follower';
import { aliasPasses } from './pass/passes';
import { AppliedReport, introduce, type PassReport } from './pass/report';
import { Housekeeping } from './source/housekeeping';
import { aliasIncidentStore } from './sink/incident-store';
import { LagReader } from './lag';
import { readPause } from './sink/pause';
import { type AliasBatch, CheckpointMoved, AliasSink } from './sink/sink';
import type { AliasSource } from './source/source';
import { UnservedRows } from './source/unserved-rows';
import { type KeeperOptions, SourceKeeper } from './source/source-keeper';

export interface LaneOptions extends KeeperOptions {
  readonly connection: RedisConnection;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: Tell;
  /** Let a pass delete more than half of a type's keys. */
  readonly force: boolean;
}

/** Changelog rows a cycle applies at the most. */
const pageRows = 1_000;
/** How long a locked file is waited for in silence. */
const busyGraceMs = 5_000;
/** How often it is looked whether somebody paused the pipeline: less than the second in which that takes effect. */
const pauseMs = 900;

/**
 * The pipeline `aliases`: changelog -> truth -> sink, and the full pass in between. `cycle` does one page of the one and one
 * chunk of the other; everything it knows it can find again in SQLite and Redis.
 */
export class AliasLane {
  readonly sink: AliasSink;
  readonly passes: PassRunner<PassReport>;
  readonly keeper: SourceKeeper;
  readonly lag = new LagReader();
  readonly incidents: Incidents;
  readonly unserved = new UnservedRows();
  readonly pause: PauseState;
  server: ServerFacts | undefined;
  /** What the pump is retrying, until a cycle succeeds. */
  failure: ErrorReport | undefined;
  /** When a cycle last found both stores in order, by performance.now(); 0: never. */
  lastProgressAt = 0;
  readonly #options: LaneOptions;
  #pauseSeenAt = -Infinity;
  readonly #housekeeping = new Housekeeping();
  #introduced = false;
  #busySince: number | undefined;
  readonly applied: AppliedReport;
  readonly #vouching: Vouching;
  readonly #follower: Follower;

  constructor(options: LaneOptions) {
    const { connection, log, metrics, tell, force, aliasCase } = options;
    this.#options = options;
    this.keeper = new SourceKeeper({
      ...options,
      onFold: () => {
        this.lag.read(this, Date.now());
      },
    });
    this.sink = new AliasSink(connection);
    this.#vouching = new Vouching(this.sink, aliasCase, force);
    this.#follower = new Follower(this.sink, this.#vouching);
    this.applied = new AppliedReport(log, metrics, tell);
    this.incidents = new Incidents({ pipeline: 'aliases', log, tell, store: aliasIncidentStore(connection) });
    this.pause = new PauseState('aliases', log, tell);
    this.passes = aliasPasses({
      connection,
      truths: () => this.keeper.source?.truths ?? new Map(),
      target: this.sink,
      aliasCase,
      doubtful: () => this.#vouching.doubtful(this.keeper.source?.truths.keys() ?? []),
      onJudged: (types, blocked) => {
        this.#vouching.judged(types, blocked);
      },
      force,
      unserved: this.unserved,
      ...{ log, metrics, tell },
      onDone: (report) => {
        for (const [type, result] of Object.entries(report.types)) this.applied.count(type, result);
      },
    });
  }

  /** One turn. Throws what the pump should retry or stop for; being overtaken by another instance is neither. */
  async cycle(): Promise<CycleOutcome> {
    try {
      const outcome = await this.#turn();
      this.#busySince = undefined;
      this.failure = undefined;
      this.lastProgressAt = performance.now();
      this.incidents.succeeded();
      return outcome;
    } catch (thrown) {
      if (thrown instanceof CheckpointMoved) {
        this.#options.log.debug(thrown.message, { pipeline: 'aliases' });
        return 'more';
      }
      const translated = sqliteError(thrown, this.#options.path);
      // It was open, so it was right: SQLite's trouble of today is no reason to stop for good.
      const error = translated === thrown ? thrown : asRetryable(translated);
      if (describeError(thrown).code === 'SQLITE_READONLY_ROLLBACK') this.keeper.release(); // opening it rolls back
      if (error instanceof MillraceError && (error.code === 'E_DB_BUSY' || error.code === 'E_DB_MOVED')) {
        this.#busySince ??= performance.now();
        if (performance.now() - this.#busySince < busyGraceMs) return 'idle';
      } else if (error !== thrown) this.keeper.close(); // SQLite is in trouble: open the file anew
      // A fatal one ends the run, which tells it.
      if (!isFatal(error)) this.incidents.failed((this.failure = describeError(error)), this.lastProgressAt);
      throw error;
    }
  }

  /** Leaves everything in the file, as SQLite's last close would. */
  async close(): Promise<void> {
    await this.incidents.close();
    await this.keeper.fold();
    this.keeper.close();
  }

  async #turn(): Promise<CycleOutcome> {
    const { source, incidents, needsPass } = this.keeper.refresh();
    if (!this.#introduced) introduce(this.#options.log, source, this.keeper.cannotWrite);
    this.#introduced = true;
    for (const what of incidents) this.incidents.add(what);
    if (needsPass) this.passes.restart('the SQLite file changed');
    await this.#inspectServer();
    const paused = await this.#paused();
    if (!paused) await this.#follow(source);
    if (source.writerActive()) return 'idle';
    if ((await this.#tidy(source)) === 'folded') return 'more';
    if (paused) return 'idle';
    const tailed = await this.#tail(source);
    const passed = await this.passes.step();
    if (tailed || passed) return 'more';
    await this.sink.drain();
    this.applied.flush();
    return 'idle';
  }

  /** Once, before the first write: is this a server we can and may write to? */
  async #inspectServer(): Promise<void> {
    const { connection, log } = this.#options;
    if (this.server !== undefined) return;
    await connection.connect();
    this.server = await inspectServer(connection);
    if (!this.server.evicts) return;
    log.warn(`Redis may evict alias keys (maxmemory-policy ${this.server.maxmemoryPolicy})`, {
      event: 'redis.evicts',
      hint: 'Full passes bring them back; to keep them, set maxmemory-policy to noeviction or volatile-lru.',
    });
  }

  async #paused(): Promise<boolean> {
    const { connection } = this.#options;
    if (performance.now() - this.#pauseSeenAt >= pauseMs) {
      this.pause.note(await readPause(connection));
      this.#pauseSeenAt = performance.now();
    }
    return this.pause.current !== undefined;
  }

  async #follow(source: AliasSource): Promise<void> {
    const found = await this.#follower.look(source);
    if (this.sink.foundAt !== undefined) this.incidents.found(this.sink.foundAt);
    if (found?.incident !== undefined) this.incidents.add(found.incident);
    if (found?.needsPass === true) this.passes.restart(found.incident ?? 'start');
  }

  /** Applies the next page of the changelog. @returns whether there was one. */
  async #tail(source: AliasSource): Promise<boolean> {
    const position = this.sink.checkpoint?.position;
    if (source.changelog === undefined || !position || !source.mayHaveChanged()) return false;
    // The keys may be another program's, spelled otherwise than ours: the pass says so before anything is written.
    if (this.#vouching.doubtful(source.truths.keys()).length > 0) return false;
    const page = source.changelog.read(position, pageRows);
    if (page === 'broken') {
      this.sink.reset(); // #follow finds out why
      return true;
    }
    if (page.rows === 0) {
      source.sawNothingNew();
      return false;
    }
    const batches: AliasBatch[] = [];
    for (const [type, aliases] of page.nominations) {
      const truth = source.truths.get(type);
      if (truth !== undefined) batches.push({ type, aliases, values: truth.lookUp(aliases) });
    }
    const since = page.since ?? Date.now();
    this.sink.send(batches, page.position).then(
      (applied) => {
        this.applied.add(applied, since);
      },
      () => undefined, // the next `room` or `drain` throws it
    );
    await this.sink.room();
    return true;
  }

  async #tidy(source: AliasSource): Promise<'folded' | undefined> {
    const consumed = this.sink.confirmed?.position;
    const seq = consumed?.changelog === source.changelog?.id ? consumed?.seq : undefined;
    try {
      return await this.#housekeeping.tick(this.keeper, source, seq);
    } catch (error) {
      // Somebody is writing, or we may not: it can wait, a writer cannot.
      this.#options.log.debug(`housekeeping put off: ${describeError(error).message}`, {
        pipeline: 'aliases',
      });
      return undefined;
    }
  }
}
