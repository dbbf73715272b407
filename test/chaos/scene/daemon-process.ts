import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** `millrace run`, a process of its own. */
export interface DaemonProcess {
  readonly pid: number;
  /** Where it can be asked how it is; undefined: it has not said so yet. */
  readonly url: () => string | undefined;
  /** Resolves when it listens; rejects when it ends before. */
  readonly listening: Promise<string>;
  /** Resolves when it is gone, with its exit code (null when a signal ended it). */
  readonly ended: Promise<number | null>;
  readonly alive: () => boolean;
  /** Whether it was told to end. */
  readonly told: () => boolean;
  readonly kill: (signal: NodeJS.Signals) => Promise<number | null>;
  /** SIGSTOP: it does nothing until `resume`, and keeps everything. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** SIGHUP: it reads its file of mappings anew. */
  readonly hangUp: () => void;
  /** Lines of its log at the level error. */
  readonly errors: () => readonly string[];
}

export interface DaemonOptions {
  /** The built cli.js. */
  readonly cli: string;
  readonly verb: readonly string[];
  readonly folder: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Where its log is kept. */
  readonly logFile: string;
}

export function startDaemon({ cli, verb, folder, settings, logFile }: DaemonOptions): DaemonProcess {
  const child: ChildProcess = spawn(process.execPath, [cli, ...verb], {
    cwd: folder,
    // Under npm's name, so that it ends when this process is gone: see stop-signal.ts.
    env: {
      PATH: process.env['PATH'],
      npm_lifecycle_event: 'chaos',
      HTTP_PORT: '0',
      LOG_FORMAT: 'json',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the daemon has no output');
  let url: string | undefined;
  const errors: string[] = [];
  let tell: (url: string) => void = () => undefined;
  const heard = new Promise<string>((resolve) => (tell = resolve));
  let told = false;
  const keep = (line: string) => {
    appendFileSync(logFile, `${child.pid ?? 0} ${line}\n`);
  };
  createInterface(stderr).on('line', keep);
  createInterface(stdout).on('line', (line) => {
    keep(line);
    const event = eventOf(line);
    if (event.level === 'error') errors.push(event.message);
    if (event.event !== 'http.listening') return;
    url = /http:\S+/.exec(event.message)?.[0];
    if (url !== undefined) tell(url);
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const listening = Promise.race([
    heard,
    ended.then((code): never => {
      throw new Error(`the daemon ended with ${String(code)} before it listened: see ${logFile}`);
    }),
  ]);
  listening.catch(() => undefined);
  const alive = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    url: () => url,
    listening,
    ended,
    alive,
    told: () => told,
    kill: async (signal) => {
      told = true;
      if (alive()) child.kill(signal);
      return ended;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    hangUp: () => void child.kill('SIGHUP'),
    errors: () => errors,
  };
}

function eventOf(line: string): {
  readonly event?: string;
  readonly level?: string;
  readonly message: string;
} {
  try {
    return JSON.parse(line) as { event?: string; level?: string; message: string };
  } catch {
    return { message: line };
  }
}
