import { ignoreElements, lastValueFrom, type Observable } from 'rxjs';
import { stoppedEarly } from './once-options';
import { type Pause, pausedError } from './pause';
import type { PipelineName } from '../config/names';
import { type CycleOutcome, pump } from './pump';

/** A batch in hand at the stop gets this long before its connection is cut. */
export const stopDeadlineMs = 3_000;

/** What a pass on its own needs of a lane. */
interface Lane {
  readonly cycle: () => Promise<CycleOutcome>;
  readonly pause: { readonly current: Pause | undefined };
}

export interface OnePassOptions<T> {
  readonly pipeline: PipelineName;
  readonly lane: Lane;
  readonly wake$: Observable<unknown>;
  /** Aborts to give it up. */
  readonly signal: AbortSignal | undefined;
  /** Ends what is in flight, when giving it up takes too long. */
  readonly cut: () => void;
  /** Resolves when enough was done. @param ended rejects with the first failure, and with E_STOPPED @param stop aborts when it is over */
  readonly until: (ended: Promise<never>, stop: AbortSignal) => Promise<T>;
}

/**
 * Runs a lane's cycles until the first failure, or until enough was done. When it has settled nothing is running any more; all that
 * is left is to close the lane. @throws E_PAUSED, E_STOPPED and the first failure
 */
export async function runForOnePass<T>(options: OnePassOptions<T>): Promise<T> {
  const { pipeline, lane, wake$, signal, cut, until } = options;
  const done = new AbortController();
  let impatience: NodeJS.Timeout | undefined;
  const stop = () => {
    done.abort();
    impatience ??= setTimeout(cut, stopDeadlineMs);
  };
  signal?.addEventListener('abort', stop);
  if (signal?.aborted === true) stop(); // before we listened
  const cycle = async (): Promise<CycleOutcome> => {
    const outcome = await lane.cycle();
    // Somebody has paused the pipeline, and nobody can tell for how long.
    if (lane.pause.current !== undefined) throw pausedError(pipeline, lane.pause.current);
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
