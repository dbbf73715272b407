import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { cli, environment, peakMb } from './cli';

/** A line of the daemon's log (LOG_FORMAT=json). */
export type LogEvent = Readonly<Record<string, unknown>> & { readonly event?: string };

export interface DaemonProcess {
  /** Every event so far. */
  readonly events: readonly LogEvent[];
  /** Resolves with the n-th event of that name, counted from 1, now or when it comes; rejects when the daemon ends. */
  readonly nth: (event: string, n: number) => Promise<LogEvent>;
  readonly cpuSeconds: () => Promise<number>;
  readonly residentMb: () => Promise<number>;
  /** The most memory it ever held, as the kernel counted it; 0 where the kernel does not tell (not Linux). */
  readonly peakMb: () => number;
  /** What GET /status says. */
  readonly status: () => Promise<unknown>;
  /** Stops its clock, so to speak: it does nothing until `resume`, and keeps everything. Not on Windows. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Rejects when it ends without having been asked to. */
  readonly crashed: Promise<never>;
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
}

/** Starts `millrace run` as a process of its own, with these settings and none of the caller's. */
export async function startDaemon(
  settings: Readonly<Record<string, string>>,
  folder: string,
): Promise<DaemonProcess> {
  const child = spawn(process.execPath, [cli, 'run'], {
    cwd: folder, // no .env there
    env: environment({ HTTP_PORT: '0', ...settings }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: LogEvent[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  createInterface(child.stdout).on('line', (line) => {
    events.push(JSON.parse(line) as LogEvent);
    for (const look of waiting) look();
  });
  let stopping = false;
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the daemon ended: ${stderr.trim()}`);
  });
  ended.catch(() => undefined);
  const crashed = ended.catch((error: unknown): Promise<never> => {
    if (stopping) return new Promise(() => undefined);
    throw error;
  });
  crashed.catch(() => undefined);
  const nth = (name: string, n: number): Promise<LogEvent> => {
    const arrived = new Promise<LogEvent>((resolve) => {
      const look = () => {
        const found = events.filter(({ event }) => event === name)[n - 1];
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
    return Promise.race([arrived, ended]);
  };
  const end = async (...signals: readonly NodeJS.Signals[]) => {
    stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    for (const signal of signals) child.kill(signal);
    await exit;
  };
  const listening = await nth('http.listening', 1);
  const url = /http:\S+/.exec(String(listening['message']))?.[0] ?? '';
  const metric = async (name: string) => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  };
  return {
    events,
    nth,
    cpuSeconds: () => metric('process_cpu_seconds_total'),
    residentMb: async () => (await metric('process_resident_memory_bytes')) / 1e6,
    peakMb: () => peakMb(child.pid),
    status: async () => (await fetch(`${url}/status`)).json(),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    crashed,
    // A paused one does not hear the second before the first.
    stop: () => (process.platform === 'win32' ? end('SIGTERM') : end('SIGCONT', 'SIGTERM')),
    kill: () => end('SIGKILL'),
  };
}
