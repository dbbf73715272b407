import { Observable, race, retry, takeUntil, timer } from 'rxjs';
import { backoffMs } from '../../pipeline/backoff';
import { abort$ } from '../../pipeline/pump';
import type { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import type { Echoes } from '../stream/echoes';
import { keyspace$ } from './keyspace';
import { Lapses } from './lapses';
import { Effects } from './mirror-event';
import type { Catalogue } from '../../mapping/kinds';
import { NominationQueue, type QueueEvent } from './nomination-queue';
import type { Enabling } from './notifications';

export interface MirrorOptions {
  readonly catalogue: Catalogue;
  /** Where to listen, on a connection of the mirror's own. */
  readonly target: RedisTarget;
  /** For the writes into the stream. The caller opens it, and closes it after the Observable has completed. */
  readonly connection: RedisConnection;
  /** Aborts for a clean stop: nominations that wait are sent, then the Observable completes. */
  readonly signal: AbortSignal;
  /** Aborts for a stop that misses nothing: what Redis has sent by then is heard first. */
  readonly last?: AbortSignal;
  /**
   * Knows the predictions that the tail has just seen by value: notifications of these are echoes of our own function library. Asked
   * when nominations of predictions are about to be sent, but not for deletions.
   */
  readonly echoes: Pick<Echoes, 'has' | 'settle'>;
  /** A nomination waits this long for company (1), or until so many wait (5,000: as many as are sent at once). */
  readonly flushMs?: number;
  readonly flushAt?: number;
  /** Distinct keys held while Redis is slow or away: 50,000 take some 10 MB and last for a second of 50,000 writes. */
  readonly maxPending?: number;
  /** How often a silent connection is tried and the server's setting looked at, in milliseconds (5,000). */
  readonly watchMs?: number;
}

/**
 * `subscribed` and `overflow` ask for a full pass that begins after them, even if one is running: events from before `subscribed`
 * are lost, and so are those that `overflow` counts.
 */
export type MirrorEvent = { readonly type: 'subscribed'; readonly notifications: Enabling } | QueueEvent;

const backoff = { baseMs: 50, capMs: 1_000 };
const neverAborts = new AbortController().signal;

/**
 * Turns keyspace notifications, of writers that know nothing of us, into nominations in the stream. Cold; never errors.
 * Unsubscribing stops the mirror too, but only the signal lets the caller wait for the last flush.
 */
export const mirror$ = (options: MirrorOptions): Observable<MirrorEvent> =>
  new Observable<MirrorEvent>((subscriber) => {
    const {
      target,
      catalogue,
      signal,
      last = neverAborts,
      flushMs = 1,
      flushAt = 5_000,
      maxPending = 50_000,
      watchMs = 5_000,
    } = options;
    const effects = new Effects(catalogue);
    const queue = new NominationQueue({
      catalogue,
      effects,
      connection: options.connection,
      echoes: options.echoes,
      report: (event) => subscriber.next(event),
      flushMs,
      flushAt,
      maxPending,
    });
    const lapses = new Lapses(effects);
    const onEvent = (key: string, event: string): void => {
      const effect = lapses.effectOf(key, event);
      if (effect !== 'nothing') queue.add(key, effect);
    };
    const listening = keyspace$({ target, catalogue, connection: options.connection, onEvent, watchMs, last })
      .pipe(
        retry({
          resetOnSuccess: true,
          delay: (error: unknown, attempt) => {
            subscriber.next({ type: 'down', what: 'listening', error, attempt });
            return race(timer(backoffMs(attempt, backoff)), abort$(signal), abort$(last));
          },
        }),
        takeUntil(abort$(signal)),
      )
      .subscribe({
        next: (notifications) => subscriber.next({ type: 'subscribed', notifications }),
        complete: () => void queue.close().then(() => subscriber.complete()),
      });
    return () => {
      listening.unsubscribe();
      void queue.close();
    };
  });
