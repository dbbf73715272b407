import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Ends a process that cannot stop cleanly in this time after the first signal. */
const stopDeadlineMs = 5_000;
/** npm hands on what a terminal has sent to all of its processes: the same signal comes twice. A person takes longer. */
const echoMs = 1_000;
const lookMs = 500;
/** From a hang-up to the look that finds npm ended by it. */
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
  // Without a terminal that could have been closed it is logrotate's. LOG_FILE needs no telling, but the daemon must not end for it.
  process.on('SIGHUP', [0, 1, 2].some((fd) => isatty(fd)) ? ask : hungUp);
  whenNpmIsGone(() => {
    // `nohup npm start`: npm, which cannot ignore it, was ended by what we were told to outlive.
    if (performance.now() - hungUpAt > hangUpMs) ask();
  });
  return stop.signal;
}

const byNpm = (): boolean => process.env['npm_lifecycle_event'] !== undefined;

/**
 * npm hands a signal to the shell between it and us, which ends of it without a word to us; and who is killed with SIGKILL says nothing
 * to anybody. So it is looked whether they are still there. Windows never says, and ends a console's processes together.
 */
export function whenNpmIsGone(ended: () => void): void {
  if (!byNpm() || process.platform === 'win32') return;
  const { ppid } = process;
  // Started in the background by a script that is over already: nobody waits for this process. Or set free on purpose.
  if (ppid === 1 || leadsGroup()) return;
  const npm = parentOfShell(ppid);
  const look = setInterval(() => {
    if (process.ppid === ppid && parentOfShell(ppid) === npm) return;
    clearInterval(look);
    ended();
  }, lookMs).unref();
}

/** By setsid, by a program that starts what outlives it, or as a job of a person's shell; npm leaves what it runs in its own group. */
function leadsGroup(): boolean {
  try {
    // After the name, which may hold anything: state, parent and group.
    const [, group] = /.*\) \S \d+ (\d+)/s.exec(readFileSync('/proc/self/stat', 'utf8')) ?? [];
    return group === String(process.pid);
  } catch {
    return false;
  }
}

/** Of a shell that runs one command for npm; undefined: it is none, or nobody can tell (some shells become their last command). */
function parentOfShell(pid: number): string | undefined {
  try {
    const [, option] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    // After the name, which may hold anything: state and parent.
    return option === '-c'
      ? /.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
      : undefined;
  } catch {
    return undefined;
  }
}
