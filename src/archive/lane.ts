import { randomUUID } from 'node:crypto';
import { BehaviorSubject, distinctUntilChanged } from 'rxjs';
import { asRetryable, describeError, type ErrorReport, isFatal } from '../errors';
import type { Log } from '../log';
import type { Metrics } from '../metrics';
import type { CycleOutcome } from '../pipeline/pump';
import { PostgresConnection } from '../postgres';
import type { PostgresTarget } from '../postgres-url';
import { inspectServer, RedisConnection, type ServerFacts } from '../redis';
import type { RedisTarget } from '../redis-url';
import { ensureLibrary } from '../writer/library';
import { Applier } from './applier';
import { Checkpoint, Displaced } from './checkpoint';
import { judge } from './continuity';
import { beforeAll, compareEntryIds } from './entry-id';
import { type ArchivePassReport, ArchivePassRunner, countLetters } from './pass-runner';
import { findTargets, prepareSchema } from './preparation';
import { incarnationKey, parseFacts, readFacts, type RedisFacts } from './redis-facts';
import { AppliedLog, passStarted, passSummary, recordPass } from './report';
import { ArchiveSink, type SinkOptions } from './sink';
import { lastEntryId, StreamTail } from './stream-tail';
import type { Targets } from './target';
import { trimStream } from './trim';
import { TruthReader } from './truth';

export interface ArchiveLaneOptions {
  readonly redis: RedisTarget;
  readonly postgres: PostgresTarget;
  readonly strategies: SinkOptions['strategies'];
  readonly onDelete: SinkOptions['onDelete'];
  readonly log: Log;
  readonly metrics: Metrics;
  /** Called when there may be something to do. */
  readonly onWake: () => void;
}

/** How often signs of life are given, facts of Redis compared, and parked records looked at. */
const tickMs = 1_000;
/** Incidents kept for status. */
const keptIncidents = 50;

/**
 * The pipeline `archive`: stream -> look-up -> sink, and the full pass in between. Whatever it knows it can find again in Redis
 * and Postgres.
 */
export class ArchiveLane {
  readonly redis: RedisConnection;
  readonly postgres: PostgresConnection;
  readonly checkpoint: Checkpoint;
  readonly passes: ArchivePassRunner;
  readonly incidents: { readonly at: number; readonly what: string }[] = [];
  lastPass: ArchivePassReport | undefined;
  server: ServerFacts | undefined;
  /** What was last seen of Redis. */
  facts: RedisFacts | undefined;
  /** Who owns the stream, as far as is known; undefined: nobody asked yet. */
  owner: string | undefined;
  /** Records parked. */
  letters = 0;
  /** When the oldest entry not yet applied was written; undefined: in step. */
  behindSince: number | undefined;
  failure: ErrorReport | undefined;
  lastProgressAt = 0;
  readonly #owned = new BehaviorSubject(false);
  /** Whether this instance owns the stream. */
  readonly owned$ = this.#owned.pipe(distinctUntilChanged());
  readonly #options: ArchiveLaneOptions;
  readonly #tailConnection: RedisConnection;
  readonly #tail: StreamTail;
  readonly #truth: TruthReader;
  readonly #appliedLog: AppliedLog;
  #targets: Targets | undefined;
  #applier: Applier | undefined;
  #tickedAt = 0;
  #followedAt = 0;
  #mustFollow = true;
  #wasOwner = false;
  #passAnswers: string | null = null;
  #passAfter: string | undefined;

  constructor(options: ArchiveLaneOptions) {
    const { log, metrics } = options;
    this.#options = options;
    this.redis = new RedisConnection(options.redis, 'archive');
    this.#tailConnection = new RedisConnection(options.redis, 'archive-tail');
    this.postgres = new PostgresConnection(options.postgres, 'archive');
    this.checkpoint = new Checkpoint(this.postgres);
    this.#truth = new TruthReader(this.redis);
    this.#tail = new StreamTail(this.#tailConnection, options.onWake);
    this.#appliedLog = new AppliedLog(log, metrics);
    // Whatever is read over a new connection may come from another life of Redis.
    this.#tailConnection.client.on('ready', () => {
      this.#mustFollow = true;
    });
    this.passes = new ArchivePassRunner({
      redis: this.redis,
      postgres: this.postgres,
      truth: this.#truth,
      targets: () => this.#requireTargets(),
      onStart: (reason) => {
        this.#passAnswers = this.checkpoint.passRequestedAt;
        log.info('pass started', { event: 'pass.start', pipeline: 'archive', reason, text: passStarted() });
      },
      onDone: (report) => {
        this.#passDone(report);
      },
    });
  }

  get isOwner(): boolean {
    return this.checkpoint.owned;
  }

  /** Has this append-only record just come by value? Then its notification is an echo. */
  readonly isEcho = (kind: string, id: string): boolean =>
    this.#applier?.echoes.has(`${kind} ${id}`) ?? false;

  /** One turn. Throws what the pump should retry or stop for; being displaced by another instance is neither. */
  async cycle(): Promise<CycleOutcome> {
    try {
      const outcome = await this.#turn();
      this.failure = undefined;
      this.lastProgressAt = Date.now();
      return outcome;
    } catch (thrown) {
      if (thrown instanceof Displaced) {
        this.#lost(thrown.message);
        return 'idle';
      }
      const translated = this.postgres.translate(thrown);
      // It worked before, so it was right: a person may mend it while we go on trying.
      const error = this.#targets === undefined ? translated : asRetryable(translated);
      if (isFatal(translated)) this.#targets = undefined; // a table may have changed: look at it again
      this.#applier?.forget();
      this.passes.repeat();
      this.failure = describeError(error);
      throw error;
    }
  }

  /** Ends everything; a standby may take over at once. */
  async close(): Promise<void> {
    this.#tail.reset();
    await this.checkpoint.release().catch(() => undefined); // the standby waits a little longer then
    this.postgres.close();
    this.#tailConnection.close();
    this.redis.close();
  }

  /** Cuts what is in flight, at the end of the patience. */
  cut(): void {
    this.postgres.close();
    this.#tailConnection.close();
    this.redis.close();
  }

  async #turn(): Promise<CycleOutcome> {
    await this.#prepare();
    if (!(await this.#own())) return 'idle';
    if (this.checkpoint.position === undefined) await this.checkpoint.reload();
    await this.#follow();
    const applier = this.#requireApplier();
    const { position } = this.checkpoint;
    if (position === undefined) return 'more';
    await this.#tick(applier);

    const page = this.#tail.take(position.entryId);
    if (page !== undefined) {
      this.behindSince = page.since;
      await applier.applyPage(page);
      await trimStream(this.redis, page.position, 'about');
    }
    const passed = await this.#pass(applier);
    if (page !== undefined || passed) return 'more';
    this.behindSince = undefined;
    this.#appliedLog.flush();
    return 'idle';
  }

  /** Once, and again after a table has changed. */
  async #prepare(): Promise<void> {
    if (this.#targets !== undefined) return;
    const { log, strategies, onDelete } = this.#options;
    await this.redis.connect();
    this.server ??= await inspectServer(this.redis);
    if (this.server.evicts) {
      log.warn(
        `Redis may evict the stream millrace:changes (maxmemory-policy ${this.server.maxmemoryPolicy})`,
        {
          event: 'redis.evicts',
          hint: 'Set maxmemory-policy to noeviction: full passes bring back what was lost, but only while the records exist.',
        },
      );
    }
    await this.#loadLibrary();
    const report = await prepareSchema(this.postgres);
    if (report.steps.length > 0) {
      log.info(`prepared Postgres: ${report.steps.length} things made in ${report.database}`, {
        event: 'schema.made',
      });
      for (const { thing } of report.steps) log.debug(`made in Postgres: ${thing}`, { event: 'schema.made' });
    }
    this.#targets = await findTargets(this.postgres);
    const sink = new ArchiveSink({
      postgres: this.postgres,
      checkpoint: this.checkpoint,
      truth: this.#truth,
      targets: this.#targets,
      strategies,
      onDelete,
    });
    this.#applier = new Applier({
      redis: this.redis,
      postgres: this.postgres,
      checkpoint: this.checkpoint,
      truth: this.#truth,
      sink,
      onDelete,
      onApplied: (applied, since) => {
        this.passes.applied(applied);
        this.#appliedLog.add(applied, since);
      },
    });
  }

  /** Writers may do without the functions, and so may the archive. */
  async #loadLibrary(): Promise<void> {
    const { log } = this.#options;
    try {
      const done = await ensureLibrary(this.redis.client);
      if (done !== 'current') log.info(`function library ${done} in Redis`, { event: 'functions.loaded' });
    } catch (error) {
      const translated = this.redis.translate(error);
      if (describeError(translated).code === 'E_REDIS_UNREACHABLE') throw translated;
      log.failure('warn', translated, { event: 'functions.missing', pipeline: 'archive' });
    }
  }

  /** @returns whether this instance may write */
  async #own(): Promise<boolean> {
    if (this.checkpoint.owned) return true;
    const { log } = this.#options;
    if (Date.now() - this.#tickedAt < tickMs) return false;
    this.#tickedAt = Date.now();
    const before = this.owner;
    const { owned, owner } = await this.checkpoint.claim();
    this.owner = owner;
    if (!owned) {
      if (before !== owner) log.info(`standing by: ${owner} owns the stream`, { event: 'standby', owner });
      return false;
    }
    if (before !== undefined) this.#incident(`took over the stream from ${before}`);
    this.#wasOwner = true;
    this.#mustFollow = true;
    this.#applier?.forget();
    this.#tail.reset();
    this.passes.restart('start');
    this.#owned.next(true);
    return true;
  }

  #lost(message: string): void {
    this.owner = undefined;
    this.#tail.reset();
    this.#applier?.forget();
    if (this.#wasOwner) this.#incident(message);
    this.#wasOwner = false;
    this.#owned.next(false);
  }

  /** Makes sure, about once a second and after each reconnection, that Redis goes on where Postgres stands. */
  async #follow(): Promise<void> {
    if (!this.#mustFollow && Date.now() - this.#followedAt < tickMs) return;
    const { position } = this.checkpoint;
    if (position === undefined) return;
    this.#mustFollow = false;
    let now: RedisFacts;
    try {
      now = await readFacts(this.redis.client, position.entryId);
    } catch (error) {
      this.#mustFollow = true;
      throw this.redis.translate(error);
    }
    const seen = parseFacts(position.seen);
    const { incarnation, entryId } = position;
    const { verdict, incident, needsPass } = judge({ incarnation, entryId, seen }, now);
    const begins = verdict === 'start' || verdict === 'backwards';
    const wanted = begins || incarnation === null ? randomUUID() : incarnation;
    if (now.incarnation !== wanted) await this.redis.client.set(incarnationKey, wanted);
    if (verdict !== 'continue') {
      this.#tail.reset();
      this.#requireApplier().startOver(now.stream.lastGeneratedId);
    }
    const from = verdict === 'continue' ? entryId : beforeAll;
    const facts = { ...now, incarnation: wanted };
    const changed = JSON.stringify(seen) !== JSON.stringify(facts);
    if (begins || from !== entryId || changed)
      await this.checkpoint.adopt({ incarnation: wanted, entryId: from, seen: facts }, begins);
    this.facts = facts;
    this.#followedAt = Date.now();
    if (incident !== undefined) {
      this.#incident(incident);
      this.#requireApplier().echoes.clear(); // the same ids may mean other records
    }
    if (needsPass) this.passes.restart(incident ?? 'start');
    // Lost with a restart that kept nothing: writers would get "Function not found".
    if (seen?.runId !== now.runId) await this.#loadLibrary();
  }

  /** What is due once a second: a sign of life, parked records to try again, points that had to rest. */
  async #tick(applier: Applier): Promise<void> {
    if (Date.now() - this.#tickedAt < tickMs) return;
    this.#tickedAt = Date.now();
    const { passRequested } = await this.checkpoint.renew();
    if (passRequested) this.passes.restart('asked for');
    this.letters = await countLetters(this.postgres);
    applier.lettersExist = this.letters > 0;
    if (this.letters > 0) await applier.retryDue();
    await applier.lookUpRested();
    const { position } = this.checkpoint;
    if (position !== undefined && this.behindSince === undefined)
      await trimStream(this.redis, position.entryId, 'exactly');
  }

  async #pass(applier: Applier): Promise<boolean> {
    if (this.passes.beginning) {
      if (!(await this.#tailIsThrough())) return false;
      await applier.retryAll();
    }
    const nominated = await this.passes.step();
    if (nominated === undefined) return false;
    if (nominated !== 'complete') await applier.applyNominated(nominated);
    else {
      this.letters = await countLetters(this.postgres);
      this.passes.finish(this.letters);
    }
    return true;
  }

  /**
   * A pass begins when the tail has applied what was in the stream when it was asked for: it would find all of that missing, and
   * write it a second time.
   */
  async #tailIsThrough(): Promise<boolean> {
    const position = this.checkpoint.position?.entryId ?? beforeAll;
    const last = await lastEntryId(this.redis);
    this.#passAfter ??= last;
    // The entry waited for may have been deleted meanwhile.
    if (compareEntryIds(position, this.#passAfter) < 0 && compareEntryIds(position, last) < 0) return false;
    this.#passAfter = undefined;
    return true;
  }

  #requireTargets(): Targets {
    if (this.#targets === undefined) throw new Error('the tables have not been looked at');
    return this.#targets;
  }

  #requireApplier(): Applier {
    if (this.#applier === undefined) throw new Error('the lane is not prepared');
    return this.#applier;
  }

  #passDone(report: ArchivePassReport): void {
    const { log, metrics } = this.#options;
    this.lastPass = report;
    recordPass(metrics, report);
    const text = passSummary(report);
    log.info('pass complete', { event: 'pass.done', pipeline: 'archive', ...report, text });
    void this.checkpoint.report({ ...report, requestedAt: this.#passAnswers }).catch(() => undefined); // asked for again by whoever waits
  }

  #incident(what: string): void {
    this.incidents.push({ at: Date.now(), what });
    if (this.incidents.length > keptIncidents) this.incidents.shift();
    this.#options.log.warn(what, { event: 'incident', pipeline: 'archive' });
  }
}
