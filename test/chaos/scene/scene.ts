import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../../../bench/clock';
import { packageRoot } from '../../../src/foundation/package-root';
import type { Rewind } from '../history/key-history';
import { patience } from '../../support/patience';
import { type DaemonOptions, type DaemonProcess, startDaemon } from './daemon-process';
import { mappings } from './mappings';
import { lookAtOthers, type Others, plantKeys, plantRows } from './others';
import { createFile } from './sqlite-file';
import { lackOfShim, StoreShim } from '../shim/store-shim';
import { openFolder, PostgresStore, RedisStore } from './stores';
import { HealthWatch } from './watch-health';
import type { Writers } from './writers';

export interface SceneOptions {
  /** The built command line; another one for a copy that is broken on purpose. */
  readonly cli?: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** `keys`: those that Millrace has put into Redis; `redis`: all that is there. */
export type StoreName = 'keys' | 'redis' | 'sqlite' | 'postgres';

/** Seconds between full passes: what a pass alone heals takes as long. */
export const passEverySeconds = 10;
/** Within so much after a fault has begun health has to say so. */
const redWithinMs = 15_000;
/** Writers go on for so long before a fault, and after it. */
export const usualMs = 1_000;

/** Three stores of its own, a Millrace as a process of its own, and its writers. What a fault can do, it does to this. */
export class Scene {
  readonly folder: string;
  readonly dbPath: string;
  readonly redis: RedisStore;
  readonly postgres: PostgresStore;
  /** What those believe who have the SQLite file open. */
  readonly filesShim: StoreShim | undefined;
  readonly health: HealthWatch;
  /** Of the round that is running. */
  writers: Writers | undefined;
  /** When the truth of a store went back, in the round that is running. */
  readonly rewinds: Record<StoreName, Rewind[]> = { keys: [], redis: [], sqlite: [], postgres: [] };
  /** Dead letters that there have to be. */
  letters = 0;
  /** Rows of earlier rounds, which have to stay. */
  readonly kept = new Map<string, number>();
  /** What a fault has found wrong itself. */
  readonly troubles: string[] = [];
  /** Milliseconds until health turned red, for each time that it had to. */
  readonly reds: number[] = [];
  /** Daemons that a signal ended, in the round that is running. */
  kills = 0;
  /** In a storm faults come together: which of them turns health red is not told apart. */
  inStorm = false;
  readonly #options: SceneOptions;
  readonly #daemons: DaemonProcess[] = [];
  #others: Others | undefined;

  private constructor(
    folder: string,
    stores: Pick<Scene, 'redis' | 'postgres' | 'filesShim'>,
    options: SceneOptions,
  ) {
    this.folder = folder;
    this.dbPath = join(openFolder(folder, 'files'), 'application.db');
    this.redis = stores.redis;
    this.postgres = stores.postgres;
    this.filesShim = stores.filesShim;
    this.#options = options;
    this.health = new HealthWatch(() => this.#daemons.findLast((daemon) => daemon.alive())?.url());
  }

  static async open(options: SceneOptions = {}): Promise<Scene> {
    const folder = openFolder(
      tmpdir(),
      mkdtempSync(join(tmpdir(), 'millrace-chaos-')).slice(tmpdir().length + 1),
    );
    const lack = lackOfShim();
    const shim = (name: string) => (lack === undefined ? new StoreShim(folder, name) : undefined);
    const redis = await RedisStore.start(join(folder, 'redis'), shim('redis'));
    const postgres = await PostgresStore.start(openFolder(folder, 'postgres'), shim('postgres'));
    const scene = new Scene(folder, { redis, postgres, filesShim: shim('files') }, options);
    try {
      createFile(scene.dbPath);
      writeFileSync(join(folder, 'millrace.yaml'), mappings);
      await plantKeys(redis.client);
      await plantRows(postgres.pool);
      scene.#others = await scene.lookAtOthers();
      await scene.startDaemon().listening;
      await scene.untilGreen();
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  /** The one that was started last. */
  get daemon(): DaemonProcess {
    const last = this.#daemons.at(-1);
    if (last === undefined) throw new Error('no daemon was started');
    return last;
  }

  /** By what Millrace calls a script in Redis: the digest of its text, which these files make. */
  digestOf(...files: readonly string[]): string {
    const text = files
      .map((file) => readFileSync(join(dirname(this.#cli), '..', '..', file), 'utf8'))
      .join('');
    return createHash('sha1').update(text).digest('hex');
  }

  get #cli(): string {
    return this.#options.cli ?? join(packageRoot, 'dist', 'src', 'cli.js');
  }

  get logFile(): string {
    return join(this.folder, 'millrace.log');
  }

  startDaemon(settings: Readonly<Record<string, string>> = {}): DaemonProcess {
    const daemon = startDaemon({ ...this.#process(settings), verb: ['run'] });
    this.#daemons.push(daemon);
    void daemon.ended.then((code) => {
      if (code === null) this.kills++;
      if (!daemon.told()) this.troubles.push(`a daemon ended by itself with ${String(code)}`);
    });
    return daemon;
  }

  #process(settings: Readonly<Record<string, string>>): Omit<DaemonOptions, 'verb'> {
    return {
      cli: this.#cli,
      folder: this.folder,
      logFile: this.logFile,
      settings: {
        REDIS_URL: this.redis.wire.through(this.redis.url),
        POSTGRES_URL: this.postgres.wire.through(this.postgres.url),
        DB_PATH: this.dbPath,
        SYNC_INTERVAL: String(passEverySeconds),
        ...this.filesShim?.environment,
        ...this.#options.settings,
        ...settings,
      },
    };
  }

  /** `millrace …` beside the daemon, to its end. @returns its exit code */
  async run(...verb: readonly string[]): Promise<number | null> {
    return startDaemon({ ...this.#process({}), verb }).ended;
  }

  /** kill -9, and another one. */
  async restartDaemon(): Promise<void> {
    await this.daemon.kill('SIGKILL');
    await this.startDaemon().listening;
  }

  /** Ends all daemons but one, which it starts if there is none. */
  async oneDaemon(): Promise<void> {
    for (const daemon of this.#daemons.slice(0, -1)) {
      daemon.resume();
      await daemon.kill('SIGKILL');
    }
    this.daemon.resume();
    if (!this.daemon.alive()) this.startDaemon();
    await this.daemon.listening.catch(() => undefined); // that is told already
  }

  lookAtOthers(): Promise<Others> {
    return lookAtOthers({ redis: this.redis.client, pool: this.postgres.pool, dbPath: this.dbPath });
  }

  get othersAtFirst(): Others {
    if (this.#others === undefined) throw new Error('nothing was planted');
    return this.#others;
  }

  /** Something for whoever reads the log. */
  said(what: string): void {
    appendFileSync(this.logFile, `harness ${what}\n`);
  }

  /** The truth of a store goes back in `work`, and Millrace has to follow. What is others' there is planted anew. */
  async rewind(store: StoreName, work: () => unknown): Promise<void> {
    const from = monotonicMs();
    await work();
    this.rewinds[store].push({ from, to: monotonicMs() });
    if (store === 'redis') await plantKeys(this.redis.client);
  }

  /** Waits until health says that something is wrong. That it does not within seconds is a finding. */
  async turnsRed(since: number): Promise<void> {
    if (this.inStorm) return;
    const found = await waitFor(() => this.health.redAfter(since) !== undefined, redWithinMs);
    const ms = this.health.redAfter(since);
    if (found && ms !== undefined) this.reds.push(ms);
    else this.troubles.push(`health was not red within ${redWithinMs / 1_000} s`);
  }

  /** @throws after half a minute */
  async untilGreen(): Promise<void> {
    const since = monotonicMs();
    if (await waitFor(() => this.health.greenAfter(since) !== undefined, 30_000)) return;
    throw new Error(`health is not green: ${this.health.reasons.join('; ')}; see ${this.logFile}`);
  }

  async close({ keep = false } = {}): Promise<void> {
    await this.writers?.stop().catch(() => undefined);
    await this.health.stop();
    for (const daemon of this.#daemons) await daemon.kill('SIGKILL');
    await this.redis.close();
    await this.postgres.close();
    this.filesShim?.close();
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @param withinMs on a quiet machine, see patience @returns whether it became so within that time */
export async function waitFor(check: () => unknown, withinMs: number): Promise<boolean> {
  for (const since = monotonicMs(); monotonicMs() - since < withinMs * patience();) {
    try {
      if ((await check()) === true) return true;
    } catch {
      // Not yet.
    }
    await delay(25);
  }
  return false;
}
