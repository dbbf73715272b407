import { filter, firstValueFrom, map, merge, type Observable, of, race } from 'rxjs';
import type { Control } from '../control/control';
import { retryable } from '../foundation/errors';
import type { PipelineName } from '../config/names';
import { abort$ } from '../pipeline/pump';

/** How long a caller is ready to wait: when the signal aborts, the call rejects with its reason. */
export interface Waiting {
  readonly signal?: AbortSignal | undefined;
}

/** Errors when the pipeline fails, or is failing already. */
export const failing$ = (control: Control, pipeline: PipelineName): Observable<never> =>
  merge(
    of(control.status()[pipeline]?.failure),
    control.events$.pipe(
      map((event) => (event.type === 'failed' && event.pipeline === pipeline ? event.error : undefined)),
    ),
  ).pipe(
    filter((failure) => failure != null),
    map(({ message, ...details }): never => {
      throw retryable(message, details);
    }),
  );

/** @throws the signal's reason as soon as it aborts */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const aborted$ = abort$(signal).pipe(
    map((): never => {
      throw signal.reason;
    }),
  );
  return firstValueFrom(race(aborted$, promise));
}
