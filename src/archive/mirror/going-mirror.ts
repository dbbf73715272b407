import {
  EMPTY,
  ignoreElements,
  lastValueFrom,
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
  /** Sends what waits, ends it, and closes its connection. @returns whether it has heard everything, and told it, since it was left */
  readonly end: () => Promise<boolean>;
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
}: Omit<MirrorOptions, 'signal'> & { readonly owned$: Observable<boolean> }): GoingMirror {
  const over = new AbortController();
  const left$ = new Subject<void>();
  const { signal } = over;
  const events$ = owned$.pipe(
    takeUntil(abort$(signal)),
    switchMap((owned) => (owned ? mirror$({ ...options, signal }) : EMPTY)),
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
      return {
        end: async () => {
          over.abort();
          await ended;
          options.connection.close();
          return complete;
        },
      };
    },
  };
}
