import { exhaustMap, firstValueFrom, from, ignoreElements, interval, race } from 'rxjs';
import { type ErrorReport, retryable } from '../foundation/errors';
import { stoppedEarly } from './one-pass';

const lookMs = 200;

export interface Obstacles {
  /** The failure being retried. */
  readonly failure: () => ErrorReport | undefined;
  /** Throws if something keeps the pipeline from beginning. */
  readonly refused?: () => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks a pipeline for something, and waits for it as long as the pipeline works: whoever asked should hear at once that a store is away or
 * that somebody has paused the pipeline, although it goes on trying.
 * @param ask its signal aborts when nobody waits any more
 * @throws the failure being retried; E_STOPPED; the error of `refused`
 */
export async function unlessFailing<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { failure, refused, signal }: Obstacles,
): Promise<T> {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    if (signal.aborted) throw stoppedEarly();
    const report = failure();
    if (report !== undefined) throw retryable(report.message, report);
    await refused?.();
  };
  const trouble$ = interval(lookMs).pipe(exhaustMap(look), ignoreElements());
  try {
    return await firstValueFrom(race(from(ask(AbortSignal.any([signal, over.signal]))), trouble$));
  } finally {
    over.abort();
  }
}
