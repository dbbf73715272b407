import { ignoreElements, lastValueFrom, type Observable } from 'rxjs';
import type { PipelineName } from '../config/names';
import { type OnceOptions, stoppedEarly } from './once-options';
import type { PassRunner } from './pass-runner';
import { pausedError } from './pause';
import { type CycleOutcome, pump } from './pump';
import { showProgress } from '../foundation/show-progress';
import type { Turns } from './turns';

/** A batch in hand at the stop gets this long before its connection is cut. */
export const stopDeadlineMs = 3_000;

export interface OnePassOptions<T> extends OnceOptions {
  readonly pipeline: PipelineName;
  readonly turns: Pick<Turns<unknown>, 'cycle' | 'paused'>;
  readonly passes: Pick<PassRunner<unknown>, 'progress'>;
  readonly wake$: Observable<unknown>;
  /** Throws what keeps it from beginning at all. */
  readonly refused?: () => Promise<void>;
  /** Resolves when enough was done. @param ended rejects with the first failure, and with E_STOPPED @param stop aborts when it is over */
  readonly until: (ended: Promise<never>, stop: AbortSignal) => Promise<T>;
  /** Ends what is in flight, when giving it up takes too long. */
  readonly cut: () => void;
  /** When nothing is running any more. */
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

/** When it has settled nothing is running any more; all that is left is to close the lane. */
async function run<T>({ pipeline, turns, wake$, signal, cut, until }: OnePassOptions<T>): Promise<T> {
  const done = new AbortController();
  let impatience: NodeJS.Timeout | undefined;
  const stop = () => {
    done.abort();
    impatience ??= setTimeout(cut, stopDeadlineMs);
  };
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop(); // before we listened
  const cycle = async (): Promise<CycleOutcome> => {
    const outcome = await turns.cycle();
    // Nobody can tell how long it will be.
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
  ended.catch(() => undefined); // told by `until`
  try {
    return await until(ended, done.signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
    await running.catch(() => undefined);
    clearTimeout(impatience);
  }
}
