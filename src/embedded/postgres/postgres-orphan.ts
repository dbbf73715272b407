import { readFileSync } from 'node:fs';

import { describeError, fatal } from '../../foundation/errors';
import { eventually } from '../process/eventually';
import { disownPidFile, readPidFile } from './postgres-pid-file';
import { runProgram } from '../process/run-program';

/** How Postgres is asked to end: SIGINT means its fast shutdown; SIGTERM would wait for the clients to leave. */
export const POSTGRES_ENDING = { signal: 'SIGINT', patienceMs: 60_000 } as const;
const DEADLINE_MS = POSTGRES_ENDING.patienceMs + 10_000;

/** The command line of a process; '' when it has ended. (Windows has no such orphans: see watchdog.ts.) */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'win32') return '';
  if (process.platform !== 'linux')
    return (await runProgram('ps', ['-o', 'args=', '-p', String(pid)])).stdout;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Whether the process is a server on our folder: the pid may be another program's by now. */
async function serves(pid: number, data: string): Promise<boolean> {
  return `${(await commandLine(pid)).trimEnd()} `.includes(` -D ${data} `);
}

/**
 * Ends the server that an earlier, killed run left behind on this folder. Its watchdog is ending it already, so this is
 * mostly a wait. Call it while holding the folder: nobody else's server can then be on it.
 */
export async function endPostgresOrphan(data: string, log: (message: string) => void): Promise<void> {
  const found = readPidFile(data);
  if (found === undefined) return;
  const { pid } = found;
  if (!(await serves(pid, data))) {
    disownPidFile(data);
    return;
  }
  log(`Stopping the Postgres server of an earlier run on ${data} (pid ${pid})`);
  try {
    process.kill(pid, POSTGRES_ENDING.signal);
  } catch (error) {
    // The server has just ended, or belongs to another user: then it has to end by itself.
    log(describeError(error).message);
  }
  if (await eventually(async () => !(await serves(pid, data)), DEADLINE_MS)) return;
  throw fatal(`The Postgres server of an earlier run on ${data} does not stop (pid ${pid})`, {
    code: 'E_EMBEDDED_IN_USE',
    hint: 'End that postgres process, then start again.',
  });
}
