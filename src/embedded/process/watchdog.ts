import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

export interface Watchdog {
  /** Makes a process end with ours. To be called right after its spawn, without an await in between. */
  readonly guard: (pid: number) => void;
  /** To be called when the process has ended, for its pid may soon be another's. */
  readonly release: () => void;
}

/** How a server is asked to end, and for how long before SIGKILL ends it. */
export interface Ending {
  readonly signal: 'SIGTERM' | 'SIGINT';
  readonly patienceMs: number;
}

/**
 * A shell script. It reads the pid, then waits for the end of its input, which comes when our process is gone in whatever way, for only we
 * have the other end of the pipe. Then it sends signal $1, waits $2 tenths of a second for a clean shutdown, and sends SIGKILL.
 */
const SCRIPT = `
read -r pid || exit 0
read -r released && exit 0
kill -s "$1" "$pid"
tries=0
while [ $tries -lt "$2" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$pid" 2>/dev/null
`;

/**
 * Ends a server when our process ends, even by kill -9. A shell does that: it takes 1 MB, where a second Node would take 40. It has a
 * session of its own, like the server, so that Ctrl+C or a closed terminal does not end the shell first.
 *
 * Windows needs no watchdog: there Node puts a child that is not detached into a job, which the system ends with its parent.
 */
export function startWatchdog(ending: Ending): Watchdog {
  if (process.platform === 'win32') return { guard: () => undefined, release: () => undefined };
  const words = ['sh', ending.signal.slice('SIG'.length), String(Math.ceil(ending.patienceMs / 100))];
  const shell = spawn('/bin/sh', ['-c', SCRIPT, ...words], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  // Without a shell nobody watches, but stop() still stops the server.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    guard: (pid) => {
      shell.stdin.write(`${pid}\n`);
    },
    release: () => {
      shell.stdin.end('released\n');
    },
  };
}
