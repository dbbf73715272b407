import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonStatus } from '../control/daemon-status';
import { harmless, harmlessJson } from '../foundation/harmless';
import { timestamp } from '../foundation/timestamp';
import { ratesBetween, type WatchSample, screenLines, type View } from './watch-screen';
import { TerminalView } from './terminal-view';

export interface WatchOptions {
  readonly ask: () => Promise<DaemonStatus | { readonly silent: string }>;
  readonly everyMs: number;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Shows the daemon's status until `q`, Ctrl+C or the end of the pipe's reader. @returns the exit code */
export async function watchStatus({ ask, everyMs, json, signal }: WatchOptions): Promise<number> {
  const ended = new AbortController();
  const end = () => {
    ended.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  // `| head` closes the pipe when it has seen enough: that is no failure.
  process.stdout.on('error', end);
  const terminal = !json && process.stdout.isTTY ? new TerminalView(end) : undefined;
  let view: View = { now: Date.now(), last: undefined, before: undefined, silent: undefined };
  try {
    terminal?.show(view);
    while (!ended.signal.aborted) {
      const askedAt = performance.now();
      view = after(view, await ask(), Date.now());
      if (terminal !== undefined) terminal.show(view);
      else process.stdout.write(json ? jsonLine(view) : block(view));
      const rest = Math.max(0, everyMs - (performance.now() - askedAt));
      await delay(rest, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  } finally {
    signal.removeEventListener('abort', end);
    terminal?.close();
  }
  return 0;
}

function after(view: View, answer: DaemonStatus | { readonly silent: string }, now: number): View {
  if ('silent' in answer) return { ...view, now, silent: answer.silent };
  const sample: WatchSample = { at: now, status: answer };
  return { now, last: sample, before: view.last, silent: undefined };
}

const jsonLine = ({ now, last, before, silent }: View): string =>
  `${harmlessJson({
    at: new Date(now).toISOString(),
    daemon: silent === undefined ? (last?.status ?? null) : null,
    ...(silent === undefined ? { recordsPerSecond: ratesBetween(before, last) } : { silent }),
  })}\n`;

const block = (view: View): string =>
  [`--- ${timestamp(new Date(view.now))}`, ...screenLines(view).map(({ text }) => harmless(text)), ''].join(
    '\n',
  );
