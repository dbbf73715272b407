import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

export interface Watchdog {
  /** From now on the process ends with ours. Must follow its spawn without an await between. */
  readonly guard: (pid: number) => void;
  /** The process has ended: its pid may soon be another's. */
  readonly release: () => void;
}

/** How a server is asked to end, and for how long before SIGKILL ends it. */
export interface Ending {
  readonly signal: 'SIGTERM' | 'SIGINT';
  readonly patienceMs: number;
}

/**
 * Reads the pid, then waits for the end of its input, which comes when our process is gone in whatever way: the other
 * end of the pipe is ours alone. Then the signal $1, $2 tenths of a second for a clean shutdown, SIGKILL.
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
 * Ends a server when our process ends, even by kill -9. A shell does it: 1 MB, where a second Node would be 40. It has a
 * session of its own, like the server, so that Ctrl+C or a closed terminal does not end it first.
 *
 * Windows needs none: there Node puts a child that is not detached into a job which the system ends with its parent.
 */
export function startWatchdog(ending: Ending): Watchdog {
  if (process.platform === 'win32') return { guard: () => undefined, release: () => undefined };
  const words = ['sh', ending.signal.slice('SIG'.length), String(Math.ceil(ending.patienceMs / 100))];
  const shell = spawn('/bin/sh', ['-c', SCRIPT, ...words], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  // Without a shell there is no watching, but the server is still stopped by stop().
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
