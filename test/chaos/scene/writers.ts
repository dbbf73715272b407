import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import { Journal } from '../journal';
import type { WriterSetting } from '../writers/setting';

export const writerNames = ['cache', 'plain', 'function'] as const;
export type WriterName = (typeof writerNames)[number];

/** Milliseconds between two writes. A load under which everything happens, and not the load that can be borne. */
const paces: Readonly<Record<WriterName, number>> = { cache: 4, plain: 6, function: 6 };

export type WritersOptions = Pick<WriterSetting, 'round' | 'seed' | 'dbPath' | 'redisUrl'> & {
  readonly folder: string;
  /** Further variables for the one that writes the SQLite file. */
  readonly cacheEnvironment: Readonly<Record<string, string>>;
};

/** The applications of one round: processes of their own, each with a journal for each of its lives. */
export class Writers {
  readonly #options: WritersOptions;
  readonly #running = new Map<WriterName, ChildProcess>();
  readonly #journals: string[] = [];
  readonly #ended: string[] = [];
  readonly #writes: Promise<unknown>[] = [];
  #lives = 0;

  constructor(options: WritersOptions) {
    this.#options = options;
    for (const name of writerNames) this.#start(name);
  }

  /** In the order of their lives. */
  get journals(): readonly string[] {
    return this.#journals;
  }

  /** Writers that ended by themselves. */
  get ended(): readonly string[] {
    return this.#ended;
  }

  /** Resolves when each that was started has written, or is gone. */
  async allWrite(): Promise<void> {
    await Promise.all(this.#writes);
  }

  /** For a fault that writes as well: what it notes there is judged with the rest. @returns what its values and names begin with */
  journalFor(name: string): { readonly journal: Journal; readonly prefix: string } {
    const { life, journal } = this.#newJournal(name);
    return { journal: new Journal(journal), prefix: `${this.#options.round}.${name}${life}` };
  }

  #newJournal(name: string): { readonly life: number; readonly journal: string } {
    const life = ++this.#lives;
    const journal = join(this.#options.folder, `${this.#options.round}-${life}-${name}.journal`);
    this.#journals.push(journal);
    return { life, journal };
  }

  /** kill -9, and another process that goes on. */
  async kill(name: WriterName): Promise<void> {
    const child = this.#take(name);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    this.#start(name);
  }

  /** Each finishes what it has begun. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.#stop(name)));
  }

  /** So that the file can be put back or replaced, as their owners do it. */
  async whileStopped<T>(name: WriterName, work: () => T | Promise<T>): Promise<T> {
    await this.#stop(name);
    try {
      return await work();
    } finally {
      this.#start(name);
    }
  }

  async #stop(name: WriterName): Promise<void> {
    const child = this.#take(name);
    if (!child.connected) return;
    const exit = once(child, 'exit');
    child.disconnect();
    // One that a server holds up would never see it.
    const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exit;
    clearTimeout(impatience);
  }

  #take(name: WriterName): ChildProcess {
    const child = this.#running.get(name);
    if (child === undefined) throw new Error(`no ${name} writer is running`);
    this.#running.delete(name);
    return child;
  }

  #start(name: WriterName): void {
    const { cacheEnvironment, round, seed, dbPath, redisUrl } = this.#options;
    const { life, journal } = this.#newJournal(name);
    const setting = { round, seed, dbPath, redisUrl };
    const argument: WriterSetting = { ...setting, life, journal, pace: paces[name] };
    const script = join(packageRoot, 'dist', 'test', 'chaos', 'writers', `${name}-process.js`);
    const env = { ...process.env, ...(name === 'cache' ? cacheEnvironment : {}) };
    const child = fork(script, [JSON.stringify(argument)], { env });
    this.#writes.push(Promise.race([once(child, 'message'), once(child, 'exit')]));
    child.on('exit', (code) => {
      if (this.#running.get(name) === child)
        this.#ended.push(`the ${name} writer ended by itself with ${String(code)}`);
    });
    this.#running.set(name, child);
  }
}
