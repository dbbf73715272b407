import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Program } from './program';

export interface RivalOptions {
  /** A built file that calls `serve`. */
  readonly script: string;
  readonly args: readonly string[];
  /** Whether it has passes. */
  readonly polls: boolean;
}

/** As Restart=always with RestartSec, but sooner. */
const restartMs = 100;

/** A rival as a process: it says 'ready', and, asked for a 'pass', 'done' or why not. */
export function rival({ script, args, polls }: RivalOptions): Program {
  let child: ChildProcess | undefined;
  let wanted = false;
  const start = () => {
    wanted = true;
    const started = (child = fork(script, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }));
    started.once('exit', () => {
      if (wanted && child === started)
        void delay(restartMs).then(() => wanted && child === started && start());
    });
  };
  const end = async (how: (child: ChildProcess) => void) => {
    wanted = false;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    how(child);
    await exit;
  };
  /** The next message, but for what does not count. @throws when it ends instead */
  const hear = async (counts: (message: unknown) => boolean): Promise<unknown> => {
    const heard = child;
    if (heard === undefined) throw new Error('it does not run');
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('it has ended'));
      const listen = (message: unknown) => {
        if (!counts(message)) return;
        heard.off('message', listen).off('exit', ended);
        resolve(message);
      };
      heard.on('message', listen).once('exit', ended);
    });
  };
  const askForPass = async () => {
    const answer = hear((message) => message !== 'ready');
    child?.send('pass');
    const message = await answer;
    if (message !== 'done') throw new Error(String(message));
  };
  // One after the other: an answer says nothing of which pass it is.
  let last: Promise<void> = Promise.resolve();
  const pass = () => (last = last.catch(() => undefined).then(askForPass));
  return {
    start,
    ready: async () => {
      await hear((message) => message === 'ready');
    },
    stop: () => end((one) => one.disconnect()),
    kill: () => end((one) => one.kill('SIGKILL')),
    ...(polls ? { pass } : {}),
  };
}
