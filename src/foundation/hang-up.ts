import { isatty } from 'node:tty';
import { fromEvent, NEVER, type Observable } from 'rxjs';

/** Whether a hang-up means that somebody has closed the terminal, and with it us; without one it asks a daemon to read its files again. */
export const hasTerminal = (): boolean => [0, 1, 2].some((fd) => isatty(fd));

/** Emits at each SIGHUP that does not end the process. */
export const hangUp$ = (): Observable<unknown> => (hasTerminal() ? NEVER : fromEvent(process, 'SIGHUP'));
