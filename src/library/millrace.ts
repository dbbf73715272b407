import { defer, firstValueFrom, merge, type Observable, race, Subject } from 'rxjs';
import type { Statistics } from '../archive/pass/statistics';
import { type Environment, readEnvironment } from '../config/environment';
import type { Reports } from '../control/control';
import type { DaemonStatus } from '../control/daemon-status';
import { fatal, type MillraceError } from '../foundation/errors';
import { notRun } from '../config/left-out';
import { type Addresses, addressesOf } from './addresses';
import { type DeadLetters, deadLettersOf } from './dead-letters';
import { libraryLog } from './log';
import { type MillraceOptions, settleOptions, type Settled, withInterval } from './options';
import { onePass } from './one-pass';
import { Run, type Running } from './run';
import { failing$, unlessAborted, type Waiting } from './waiting';
import type { PipelineEvent } from '../pipeline/event';
import { whoAmI } from '../pipeline/pause';
import { type Meant, meantBy, type PipelineName, type PipelineWord } from '../config/names';
import { abort$ } from '../pipeline/pump';
import { setPause } from '../control/set-pause';

export interface ContinuousOptions extends Waiting {
  /** The time between two full passes, for both pipelines. Default: that of the options. */
  readonly intervalSeconds?: number | undefined;
}

/**
 * Keeps the stores in step from within your process, as `millrace run` does from a process of its own. Several may run side by side; of
 * those that serve the same Postgres one applies, and the others stand by.
 *
 * It installs no signal handlers, prints nothing unless `log` says so, and never ends the process. Once stopped it keeps nothing open.
 */
export class Millrace implements AsyncDisposable {
  /** The events of the pipelines, over restarts, too. Never completes and never fails: see `finished`. */
  readonly events$: Observable<PipelineEvent>;
  /** Parked records of the archive. */
  readonly deadLetters: DeadLetters;
  readonly #settled: Settled;
  readonly #events$ = new Subject<PipelineEvent>();
  #run: Run | undefined;
  #finished: Promise<void> = Promise.resolve();
  /** Aborts everything that was begun since the last stop; replaced at each stop. */
  #stop = new AbortController();
  /** Settles when everything that was begun has ended: the stores have one user at a time. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param options every setting under its option's name: docs/05-library.md
   * @param environment settings by their names in the environment, for what `options` leaves open. Default: none
   * @throws E_CONFIG (fatal) that lists every problem; E_POSTGRES_URL (fatal) for `only: 'archive'` without a Postgres,
   * E_NO_STORES (fatal) with neither a Postgres nor an SQLite file. With one of them, the pipeline of the other is left out
   */
  constructor(options: MillraceOptions = {}, environment: Environment = {}) {
    this.#settled = settleOptions(options, environment);
    this.events$ = this.#events$.asObservable();
    this.deadLetters = deadLettersOf(() => this.#stores());
  }

  /** A Millrace with options on top of the environment and `.env` in the working directory, as the command line reads them. */
  static fromEnvironment(options: MillraceOptions = {}): Millrace {
    return new Millrace(options, readEnvironment());
  }

  /**
   * Starts the pipelines; does nothing if they run already. Resolves when each has found its stores in order or unreachable. Unreachable
   * stores are tried again until they answer, which `status()` and `events$` tell. The first full pass may still be under way.
   * Rejects with errors that only a person can mend, and with E_STOPPED when `stop` comes first.
   */
  async start(): Promise<void> {
    await this.#started();
  }

  /**
   * Finishes what is in hand and closes everything, one-time passes included. Resolves when that is done; at once if nothing runs.
   * Never rejects.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#run = undefined;
    await this.#last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Settles when the last run has ended: resolves after a stop, rejects with the fatal error that ended the run. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Whether a run was started and has not ended. */
  get running(): boolean {
    return this.#run !== undefined;
  }

  /** The pipelines as they are now; undefined while they do not run. */
  status(): DaemonStatus | undefined {
    return this.#run?.running?.control.status();
  }

  /** Where the stores are, for clients of your own: with embedded servers, from start to stop only. The URLs hold passwords. */
  get addresses(): Addresses | undefined {
    const { config, embedded } = this.#settled;
    const known = this.#run?.running?.config ?? (embedded ? undefined : config);
    return known && addressesOf(known);
  }

  /** The URL of health and metrics; undefined unless they are served. */
  get httpUrl(): string | undefined {
    return this.#run?.running?.url;
  }

  /**
   * A full pass from Redis to Postgres: everything that is in Redis now is in Postgres when it resolves, or parked. Returns how many
   * records were written meanwhile, by kind, and as `errors` how many are parked. If the archive is running, here or elsewhere, that does
   * the pass; otherwise the pass runs by itself.
   * @throws E_PAUSED, E_STOPPED, and the first failure (E_REDIS_UNREACHABLE …), in either case
   */
  async fullSync(waiting: Waiting = {}): Promise<Statistics> {
    return (await this.reconcile('archive', waiting)).statistics;
  }

  /** A full pass from SQLite to Redis. `blocked` names types whose keys the breaker has kept from being deleted. */
  syncAliases(waiting: Waiting = {}): Promise<Reports['aliases']> {
    return this.reconcile('cache', waiting);
  }

  /** A full pass of one pipeline; returns its whole report. */
  async reconcile<W extends PipelineWord>(word: W, { signal }: Waiting = {}): Promise<Reports[Meant<W>]> {
    const pipeline: PipelineName = meantBy(word);
    const report = await this.#reconcile(pipeline, signal);
    return report as Reports[Meant<W>];
  }

  async #reconcile<P extends PipelineName>(
    pipeline: P,
    signal: AbortSignal | undefined,
  ): Promise<Reports[P]> {
    this.#requirePipeline(pipeline);
    signal?.throwIfAborted();
    const run = this.#run;
    if (run === undefined) return this.#pass(pipeline, signal);
    const asked = run.started.then(({ control }) => {
      const pass$ = defer(() => control.reconcile(pipeline));
      return firstValueFrom(race(failing$(control, pipeline), pass$));
    });
    return unlessAborted(run.whileRunning(asked), signal);
  }

  /**
   * Starts the pipelines, and resolves when `signal` has aborted or `stop` was called. Rejects with the fatal error that ended the run, and
   * with E_ALREADY_RUNNING.
   */
  async runContinuous({ intervalSeconds, signal }: ContinuousOptions = {}): Promise<void> {
    if (signal?.aborted === true) return;
    if (this.#run !== undefined) {
      throw fatal('it is running already', {
        code: 'E_ALREADY_RUNNING',
        hint: 'Stop it first, or wait for `finished`.',
      });
    }
    const { config } = this.#settled;
    const run = this.#begin(intervalSeconds === undefined ? config : withInterval(config, intervalSeconds));
    const stopping =
      signal &&
      abort$(signal).subscribe(() => {
        if (this.#run === run) void this.stop();
      });
    try {
      await run.finished;
    } finally {
      stopping?.unsubscribe();
    }
  }

  /**
   * Pauses a pipeline: nothing is applied until `resume`, in any instance, over restarts too; changes wait where they are captured. Takes
   * effect within a second. No daemon has to run.
   * @param by who pauses the pipeline, for people
   */
  async pause(word: PipelineWord, by = whoAmI()): Promise<void> {
    const pipeline = meantBy(word);
    this.#requireMeant(pipeline);
    await setPause(await this.#stores(), pipeline, by);
  }

  async resume(word: PipelineWord): Promise<void> {
    const pipeline = meantBy(word);
    this.#requireMeant(pipeline);
    await setPause(await this.#stores(), pipeline, undefined);
  }

  #started(): Promise<Running> {
    return (this.#run ?? this.#begin(this.#settled.config)).started;
  }

  #begin(config: Settled['config']): Run {
    const { embedded, http, log } = this.#settled;
    const run = new Run({
      config,
      embedded,
      http,
      openLog: () => libraryLog(config.log, log),
      signal: this.#stop.signal,
      after: this.#last,
      onEvent: (event) => {
        this.#events$.next(event);
      },
    });
    const forget = () => {
      if (this.#run === run) this.#run = undefined;
    };
    this.#run = run;
    this.#finished = run.finished;
    this.#last = run.finished.then(forget, forget);
    return run;
  }

  /** A pass by itself, which waits for whatever uses the stores now. */
  async #pass<P extends PipelineName>(pipeline: P, signal: AbortSignal | undefined): Promise<Reports[P]> {
    if (this.#settled.embedded) throw notRunning();
    const stop = new AbortController();
    const stopping = merge(abort$(this.#stop.signal), ...(signal ? [abort$(signal)] : [])).subscribe(() => {
      stop.abort();
    });
    const passed = this.#last.then(() => onePass(pipeline, this.#settled, stop.signal));
    this.#last = passed.catch(() => undefined);
    try {
      return await unlessAborted(passed, signal);
    } finally {
      stopping.unsubscribe();
    }
  }

  /** A configuration in which every store is named. */
  async #stores(): Promise<Settled['config']> {
    if (this.#run !== undefined) return (await this.#run.started).config;
    if (!this.#settled.embedded) return this.#settled.config;
    throw notRunning();
  }

  /** Refuses a pipeline that nobody has asked for. One that is left out for want of a store is let pass: a pause needs its target alone. */
  #requireMeant(pipeline: PipelineName): void {
    if (!this.#settled.config.leftOut.some((one) => one.pipeline === pipeline))
      this.#requirePipeline(pipeline);
  }

  #requirePipeline(pipeline: PipelineName): void {
    if (this.#settled.config.pipelines.includes(pipeline)) return;
    throw notRun('Millrace', pipeline, this.#settled.config.leftOut);
  }
}

const notRunning = (): MillraceError =>
  fatal('the embedded servers are not running', {
    code: 'E_NOT_RUN',
    hint: 'They run from start() to stop().',
  });
