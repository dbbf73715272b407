import { ignoreElements, lastValueFrom, type Observable } from 'rxjs';
import type { PipelineName } from '../config/names';
import { fatal, type MillraceError } from '../foundation/errors';
import type { PassRunner } from './pass-runner';
import { pausedError } from './pause';
import { type CycleOutcome, pump } from './pump';
import { showProgress } from '../foundation/show-progress';
import type { Turns } from './turns';

/** Options of a full pass in this process, without a daemon. */
export interface OnceOptions {
  /** Aborts to give the pass up. */
  readonly signal?: AbortSignal;
  /** Whether to show the progress on a terminal (true). */
  readonly progress?: boolean;
}

export const stoppedEarly = (): MillraceError =>
  fatal('stopped before the pass was complete', { code: 'E_STOPPED' });

/** How long a batch in hand may take at a stop before its connection is cut. */
export const stopDeadlineMs = 3_000;

export interface OnePassOptions<T> extends OnceOptions {
  readonly pipeline: PipelineName;
  readonly turns: Pick<Turns<unknown>, 'cycle' | 'paused'>;
  readonly passes: Pick<PassRunner<unknown>, 'progress'>;
  readonly wake$: Observable<unknown>;
  /** Throws if something keeps the pass from beginning. */
  readonly refused?: () => Promise<void>;
  /** Resolves when enough is done. @param ended rejects with the first failure, or with E_STOPPED @param stop aborts when all is over */
  readonly until: (ended: Promise<never>, stop: AbortSignal) => Promise<T>;
  /** Cuts what is in flight, when giving up takes too long. */
  readonly cut: () => void;
  /** Called when nothing is running any more. */
  readonly close: () => Promise<void>;
}

/**
 * Runs a lane's turns until the first failure, or until enough was done, and closes the lane.
 * @throws E_PAUSED, E_STOPPED and the first failure
 */
export async function runForOnePass<T>(options: OnePassOptions<T>): Promise<T> {
  const { passes, progress = true, refused, close } = options;
  const hideProgress = progress ? showProgress(() => passes.progress) : () => undefined;
  try {
    await refused?.();
    return await run(options);
  } finally {
    hideProgress();
    await close();
  }
}

/** Runs the turns. When the promise has settled nothing is running any more, and the lane can be closed. */
async function run<T>({ pipeline, turns, wake$, signal, cut, until }: OnePassOptions<T>): Promise<T> {
  const done = new AbortController();
  let impatience: NodeJS.Timeout | undefined;
  const stop = () => {
    done.abort();
    impatience ??= setTimeout(cut, stopDeadlineMs);
  };
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop(); // it may have aborted before we listened
  const cycle = async (): Promise<CycleOutcome> => {
    const outcome = await turns.cycle();
    // If somebody has paused the pipeline, nobody can tell for how long.
    if (turns.paused !== undefined) throw pausedError(pipeline, turns.paused);
    return outcome;
  };
  const running = lastValueFrom(
    pump({
      cycle,
      wake$,
      backoff: { baseMs: 1, capMs: 1 },
      signal: done.signal,
      givesUp: () => true,
      onFailure: () => undefined,
      onRecovery: () => undefined,
    }).pipe(ignoreElements()),
    { defaultValue: undefined },
  );
  const ended = running.then((): never => {
    throw stoppedEarly();
  });
  ended.catch(() => undefined); // `until` throws it
  try {
    return await until(ended, done.signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
    await running.catch(() => undefined);
    clearTimeout(impatience);
  }
}
