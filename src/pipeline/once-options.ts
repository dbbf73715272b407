import { fatal, type MillraceError } from '../foundation/errors';

/** Options of a full pass in this process, without a daemon. */
export interface OnceOptions {
  /** Aborts to give it up. */
  readonly signal?: AbortSignal;
  /** Whether a person at a terminal is shown how far it is; they are unless told otherwise. */
  readonly progress?: boolean;
}

export const stoppedEarly = (): MillraceError =>
  fatal('stopped before the pass was complete', { code: 'E_STOPPED' });
