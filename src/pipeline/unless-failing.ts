import { filter, firstValueFrom, interval, map, race, from, type Observable } from 'rxjs';
import { type ErrorReport, retryable } from '../errors';

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
    map(() => failure() ?? (signal.aborted ? stopped : undefined)),
    filter((report) => report !== undefined),
    map(({ message, ...details }) => {
      throw retryable(message, details);
    }),
  );
  return firstValueFrom(race(from(answer), trouble$));
}

const stopped: ErrorReport = { code: 'E_STOPPED', message: 'stopped before what was asked for was done' };
