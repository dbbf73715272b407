import { readFileSync } from 'node:fs';
import { hasTerminal } from './early-hang-up';

/** A process that has not stopped this long after the first signal is ended. */
const stopDeadlineMs = 5_000;
/** npm passes on a signal that the terminal has sent to us as well: within this time a second signal is the same one again. */
const echoMs = 1_000;
const lookMs = 500;
/** For this long after a hang-up it counts as the reason why npm has ended. */
const hangUpMs = 2_000;

/**
 * Aborts for a clean stop: at a signal, at the end of the terminal, or when npm, which started this process, is gone. At a second
 * signal, or after 5 s, the process is ended.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  let askedAt = 0;
  const ask = () => {
    if (!stop.signal.aborted) {
      askedAt = performance.now();
      stop.abort();
      setTimeout(() => process.exit(1), stopDeadlineMs).unref();
    } else if (!byNpm() || performance.now() - askedAt > echoMs) process.exit(1);
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  let hungUpAt = -Infinity;
  const hungUp = () => {
    hungUpAt = performance.now();
  };
  // Without a terminal SIGHUP comes from logrotate, which LOG_FILE does not need, or asks for another look at the mappings: the daemon must not end.
  process.on('SIGHUP', hasTerminal() ? ask : hungUp);
  whenNpmIsGone(() => {
    // `nohup npm start`: npm does not ignore the hang-up and has ended; we were asked to outlive it.
    if (performance.now() - hungUpAt > hangUpMs) ask();
  });
  return stop.signal;
}

const byNpm = (): boolean => process.env['npm_lifecycle_event'] !== undefined;

/**
 * Looks whether npm and the shell that it has put between itself and us are still there: npm passes signals to that shell, which ends
 * without telling us, and a process that is killed by SIGKILL tells nobody. Windows cannot say, and ends all processes of a console.
 */
export function whenNpmIsGone(ended: () => void): void {
  if (!byNpm() || process.platform === 'win32') return;
  const { ppid } = process;
  // The script that started us in the background is over already, or we were detached on purpose: nobody waits for this process.
  if (ppid === 1 || leadsGroup()) return;
  const npm = parentOfShell(ppid);
  const look = setInterval(() => {
    if (process.ppid === ppid && parentOfShell(ppid) === npm) return;
    clearInterval(look);
    ended();
  }, lookMs).unref();
}

/** Whether we lead a process group: by setsid, by a program that lets us outlive it, or as a job of a shell. npm gives nobody a group. */
function leadsGroup(): boolean {
  try {
    // The fields after the name, which may contain anything: state, parent and group.
    const [, group] = /.*\) \S \d+ (\d+)/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? [];
    return group === String(process.pid);
  } catch {
    return false;
  }
}

/** The parent of a shell that runs one command for npm; undefined: it is no such shell, or it has become its command, as some do. */
function parentOfShell(pid: number): string | undefined {
  try {
    const [, option] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // The fields after the name, which may contain anything: state and parent.
    return option === '-c'
      ? /.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
      : undefined;
  } catch {
    return undefined;
  }
}
