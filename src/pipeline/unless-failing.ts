import { filter, firstValueFrom, interval, map, race, from, type Observable } from 'rxjs';
import { type ErrorReport, retryable } from '../errors';
import { stoppedEarly } from './once-options';

const lookMs = 200;

/**
 * Waits for what a pipeline was asked for, as long as it works: whoever asked should hear at once that a store is away, though the
 * pipeline itself goes on trying.
 * @throws the failure being retried; E_STOPPED
 */
export function unlessFailing<T>(
  answer: Promise<T>,
  failure: () => ErrorReport | undefined,
  signal: AbortSignal,
): Promise<T> {
  const trouble$: Observable<never> = interval(lookMs).pipe(
    map(() => {
      if (signal.aborted) throw stoppedEarly();
      return failure();
    }),
    filter((report) => report !== undefined),
    map(({ message, ...details }) => {
      throw retryable(message, details);
    }),
  );
  return firstValueFrom(race(from(answer), trouble$));
}
