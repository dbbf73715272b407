import {
  EMPTY,
  ignoreElements,
  lastValueFrom,
  merge,
  type Observable,
  share,
  Subject,
  switchMap,
  takeUntil,
  tap,
} from 'rxjs';
import { abort$ } from '../../pipeline/pump';
import { mirror$, type MirrorEvent, type MirrorOptions } from './mirror';

/** A mirror whose lane has ended. */
export interface LeftMirror {
  /**
   * Ends it once it has heard what Redis had sent by now, and closes its connection: whoever follows may listen already while that is
   * still on its way. @returns whether it has heard everything, and told it, since it was left
   */
  readonly end: () => Promise<boolean>;
  /** Ends it at once, for when nobody relies on it: sends what waits, and closes its connection. */
  readonly stop: () => Promise<void>;
}

/** The mirror of a lane, while that owns the stream. */
export interface GoingMirror {
  /** Completes once it is stopped, or left. */
  readonly events$: Observable<MirrorEvent>;
  readonly stop: () => void;
  /** Has it go on without its lane, so that no write goes unheard until whoever follows listens. */
  readonly leave: () => LeftMirror;
}

export function goingMirror({
  owned$,
  ...options
}: Omit<MirrorOptions, 'signal' | 'last'> & { readonly owned$: Observable<boolean> }): GoingMirror {
  const over = new AbortController();
  const ending = new AbortController();
  const left$ = new Subject<void>();
  const [signal, last] = [over.signal, ending.signal];
  const events$ = owned$.pipe(
    takeUntil(merge(abort$(signal), abort$(last))),
    switchMap((owned) => (owned ? mirror$({ ...options, signal, last }) : EMPTY)),
    share(),
  );
  return {
    events$: events$.pipe(takeUntil(left$)),
    stop: () => {
      over.abort();
    },
    leave: () => {
      let complete = true;
      const rest$ = events$.pipe(
        tap(({ type }) => {
          if (type !== 'mirrored') complete = false;
        }),
        ignoreElements(),
      );
      const ended = lastValueFrom(rest$, { defaultValue: undefined }); // listens before its lane does no more
      left$.next();
      const close = async () => {
        await ended;
        options.connection.close();
        return complete;
      };
      return {
        end: () => {
          ending.abort();
          return close();
        },
        stop: async () => {
          complete = false;
          over.abort();
          await close();
        },
      };
    },
  };
}
