import {
  defer,
  fromEvent,
  merge,
  Observable,
  of,
  race,
  repeat,
  retry,
  take,
  takeWhile,
  throwError,
  timer,
} from 'rxjs';
import { isFatal } from '../foundation/errors';
import { backoffMs, type BackoffOptions } from './backoff';
import { settledMs as usually } from './incidents/outages';

/** How a cycle ended: `more`: work waits, so run again at once; `idle`: wait to be woken. */
export type CycleOutcome = 'more' | 'idle';

export interface PumpOptions {
  /** Read -> apply -> checkpoint, once. Its promise is the only backpressure. */
  readonly cycle: () => Promise<CycleOutcome>;
  /** Emits when there may be something to do. What it emits during a cycle is not lost. */
  readonly wake$: Observable<unknown>;
  readonly backoff: BackoffOptions;
  readonly signal: AbortSignal;
  /** Which failures end the pump instead of being retried (the fatal ones). */
  readonly givesUp?: (error: unknown) => boolean;
  /** Called for each failed cycle, before the wait. @param attempt how many failed in a row */
  readonly onFailure: (error: unknown, attempt: number, delayMs: number) => void;
  /** Called once after failures, when cycles have been good for a while. */
  readonly onRecovery: () => void;
  /** How long cycles have to succeed, in ms; as long as an outage needs to end, unless it is given. */
  readonly settledMs?: number;
}

/**
 * The only endless loop. Runs cycles until the signal aborts (then it completes, between two cycles) or one fails fatally
 * (then it errors). Any other failure is retried with backoff, for ever.
 */
export function pump(options: PumpOptions): Observable<CycleOutcome> {
  const { signal, backoff, onFailure, onRecovery, givesUp = isFatal, settledMs = usually } = options;
  return new Observable<CycleOutcome>((subscriber) => {
    const latch = new Latch();
    const aborted$ = abort$(signal);
    let failures = 0;
    let goodSince: number | undefined;
    const recover = (): void => {
      if (failures === 0) return;
      goodSince ??= performance.now();
      if (performance.now() - goodSince < settledMs) return;
      failures = 0;
      onRecovery();
    };
    const cycle = async (): Promise<CycleOutcome> => {
      if (signal.aborted) return 'idle';
      latch.clear();
      const outcome = await options.cycle();
      recover();
      if (outcome === 'idle') await latch.wait();
      return outcome;
    };
    const running = merge(options.wake$, aborted$).subscribe(() => {
      latch.set();
    });
    running.add(
      defer(cycle)
        .pipe(
          retry({
            delay: (error: unknown) => {
              if (givesUp(error)) return throwError(() => error);
              goodSince = undefined;
              const delayMs = backoffMs(++failures, backoff);
              onFailure(error, failures, delayMs);
              return race(timer(delayMs), aborted$);
            },
          }),
          repeat(),
          takeWhile(() => !signal.aborted),
        )
        .subscribe(subscriber),
    );
    return running;
  });
}

/** Emits once when the signal aborts, at once if it has. */
export const abort$ = (signal: AbortSignal): Observable<unknown> =>
  signal.aborted ? of(undefined) : fromEvent(signal, 'abort').pipe(take(1));

/** A wake-up that is not lost: it remembers that it was set while nobody waited. */
class Latch {
  #set = false;
  #release: (() => void) | undefined;

  set(): void {
    this.#set = true;
    this.#release?.();
  }

  clear(): void {
    this.#set = false;
  }

  async wait(): Promise<void> {
    if (this.#set) return;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    this.#release = undefined;
  }
}
