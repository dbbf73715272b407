import { filter, firstValueFrom, from, takeUntil, timer } from 'rxjs';
import type { Config } from '../config/load';
import type { Control } from '../control/control';
import { runDaemon } from '../daemon/daemon';
import type { DaemonStatus } from '../control/daemon-status';
import { writeRecord } from '../control/daemon-record';
import { fatal } from '../foundation/errors';
import type { Log } from '../log/log';
import type { PipelineEvent } from '../pipeline/event';
import { startEmbedded } from '../embedded/stores';
import { addressesOf } from './addresses';

export interface RunOptions {
  readonly config: Config;
  readonly embedded: boolean;
  readonly http: boolean;
  readonly openLog: () => Log;
  /** Aborts for a clean stop. */
  readonly signal: AbortSignal;
  /** Settles when whatever used the stores before has ended. */
  readonly after: Promise<unknown>;
  readonly onEvent: (event: PipelineEvent) => void;
}

/** A daemon that runs, and its configuration. */
export interface Running {
  readonly control: Control;
  /** The configuration, with every store named. */
  readonly config: Config;
  readonly url: string | undefined;
}

/** How often to look whether the pipelines have begun. */
const lookMs = 20;

/** One run of the pipelines in this process, from its beginning to its end. */
export class Run {
  /** Resolves when the run has ended and all is closed. Rejects with the fatal error that ended it. */
  readonly finished: Promise<void>;
  /**
   * Resolves when each pipeline has had its first turn: its stores are in order, or cannot be reached for now and are tried again.
   * Rejects with the fatal error that ended the run before that, or E_STOPPED.
   */
  readonly started: Promise<Running>;
  running: Running | undefined;

  constructor(options: RunOptions) {
    this.finished = this.#go(options).finally(() => {
      this.running = undefined;
    });
    this.started = this.#begun();
    // Whoever awaits these gets the error, but nobody has to await them.
    for (const promise of [this.finished, this.started]) promise.catch(() => undefined);
  }

  /** Waits for something that the run was asked for, unless the run ends first. */
  async whileRunning<T>(asked: Promise<T>): Promise<T> {
    asked.catch(() => undefined); // it may fail after the race is over
    return Promise.race([asked, this.#ended()]);
  }

  async #ended(): Promise<never> {
    await this.finished;
    throw fatal('stopped before what was asked for was done', { code: 'E_STOPPED' });
  }

  async #go({ config, embedded, http, openLog, signal, after, onEvent }: RunOptions): Promise<void> {
    await after;
    if (signal.aborted) return;
    const log = openLog();
    try {
      const stores = embedded ? await startEmbedded(config, log) : { config, stop: () => Promise.resolve() };
      let forget: (() => void) | undefined;
      try {
        await runDaemon({
          config: stores.config,
          log,
          signal,
          http,
          onRunning: (url, control) => {
            control.events$.subscribe(onEvent);
            this.running = { control, config: stores.config, url };
            if (embedded && url !== undefined) forget = announce(stores.config, url);
          },
        });
      } finally {
        forget?.();
        await stores.stop();
      }
    } catch (error) {
      log.failure('error', error, { event: 'ended' });
      throw error;
    } finally {
      await log.close();
    }
  }

  async #begun(): Promise<Running> {
    const over$ = from(this.finished.catch(() => undefined));
    const begun$ = timer(0, lookMs).pipe(
      filter(() => this.running !== undefined && hasBegun(this.running.control.status())),
      takeUntil(over$),
    );
    await this.whileRunning(firstValueFrom(begun$, { defaultValue: 0 }));
    if (this.running === undefined) return this.#ended();
    return this.running;
  }
}

const hasBegun = ({ aliases, archive }: DaemonStatus): boolean =>
  [aliases, archive].every(
    (pipeline) => pipeline === null || pipeline.lastProgressAt > 0 || pipeline.failure !== null,
  );

/** Writes the daemon's record, so that the command line finds our servers. @returns a function that removes the record */
function announce(config: Config, http: string): () => void {
  const { redisUrl, postgresUrl, dbPath } = addressesOf(config);
  const record = { pid: process.pid, redisUrl, dbPath, http, ours: false };
  return writeRecord(config.dataDir, postgresUrl === undefined ? record : { ...record, postgresUrl });
}
