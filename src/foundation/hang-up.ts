import { defer, fromEvent, NEVER, type Observable, startWith } from 'rxjs';
import { hasTerminal, heardHangUp } from './early-hang-up';

/** Emits at each SIGHUP that does not end the process; at once, if one came before anybody listened. */
export const hangUp$ = (): Observable<unknown> =>
  hasTerminal()
    ? NEVER
    : defer(() => {
        const later$ = fromEvent(process, 'SIGHUP');
        return heardHangUp() ? later$.pipe(startWith(undefined)) : later$;
      });
