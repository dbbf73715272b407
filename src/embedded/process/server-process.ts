import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { fatal } from '../../foundation/errors';
import { type Ending, startWatchdog } from './watchdog';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerProcess {
  readonly pid: number;
  /** `exit` is what `exited` has resolved to, for callers who may not wait. */
  readonly state: { readonly exit?: Exit };
  readonly exited: Promise<Exit>;
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

export interface ServerCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** File descriptor for stdin; undefined: stdin is empty. */
  readonly input?: number | undefined;
  /** File descriptor for stdout and stderr. A file, not a pipe: a full or closed pipe would stop the server. */
  readonly output: number;
  /** Default: SIGTERM, and SIGKILL after ten seconds. */
  readonly ending?: Ending;
  /** The user as whom to run the server; for root only. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

const USUAL_ENDING: Ending = { signal: 'SIGTERM', patienceMs: 10_000 };

/**
 * Starts a server in a session of its own, so that Ctrl+C in the terminal does not reach it. It ends with our process, and does not keep
 * our event loop alive, except while stop() waits for it.
 */
export async function spawnServer(command: ServerCommand): Promise<ServerProcess> {
  const { path, args, env, cwd, input, output, ending = USUAL_ENDING, user } = command;
  const watchdog = startWatchdog(ending);
  const detached = process.platform !== 'win32';
  const stdio = [input ?? ('ignore' as const), output, output];
  const child = spawn(path, [...args], { cwd, env, stdio, detached, windowsHide: true, ...user });
  const { pid } = child;
  if (pid === undefined) {
    watchdog.release();
    const [cause] = (await once(child, 'error')) as [unknown];
    throw fatal(`${path} cannot be started`, { code: 'E_EMBEDDED_START', cause });
  }
  watchdog.guard(pid);
  child.unref();

  const state: { exit?: Exit } = {};
  const exited = new Promise<Exit>((resolve) => {
    child.on('exit', (code, signal) => {
      watchdog.release();
      state.exit = { code, signal };
      resolve(state.exit);
    });
  });
  const stop = async (): Promise<void> => {
    if (state.exit !== undefined) return;
    child.ref();
    child.kill(ending.signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), ending.patienceMs);
    await exited;
    clearTimeout(impatience);
  };
  return { pid, state, exited, stop, kill: (signal) => void child.kill(signal) };
}
