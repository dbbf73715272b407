/**
 * The three kinds of failure, and nothing else: `retryable` (try again with backoff; the default for I/O),
 * `record` (this record only: park or skip it, go on), `fatal` (stop: a person has to change something).
 */
export type ErrorKind = 'retryable' | 'record' | 'fatal';

export interface ErrorDetails {
  /** Stable, upper-case, greppable: documented in docs/errors.md. */
  readonly code: string;
  /** What the user should do about it. One sentence, names the setting. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class MillraceError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MillraceError';
    this.kind = kind;
    this.code = details.code;
    this.hint = details.hint;
  }
}

export const fatal = (message: string, details: ErrorDetails): MillraceError =>
  new MillraceError('fatal', message, details);

export const retryable = (message: string, details: ErrorDetails): MillraceError =>
  new MillraceError('retryable', message, details);

/** A fatal error of something that worked before: a person may mend it while we go on trying. */
export function asRetryable(error: unknown): unknown {
  if (!(error instanceof MillraceError) || error.kind !== 'fatal') return error;
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return retryable(error.message, { code: error.code, cause: error, ...hint });
}

export const isFatal = (error: unknown): boolean => error instanceof MillraceError && error.kind === 'fatal';

/**
 * What may be logged of an error: its code, message and hint. Never the object itself: ioredis errors carry the command's arguments,
 * the password among them.
 */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function describeError(error: unknown): ErrorReport {
  if (error instanceof MillraceError) {
    const report = { code: error.code, message: error.message };
    return error.hint === undefined ? report : { ...report, hint: error.hint };
  }
  // Recognised by its shape, not its class: an error may come from another realm (a worker, a test's sandbox).
  if (typeof error === 'object' && error !== null && 'message' in error) {
    const name = 'name' in error ? String(error.name) : 'UNKNOWN';
    const code = 'code' in error && typeof error.code === 'string' ? error.code : name;
    return { code, message: String(error.message) };
  }
  return { code: 'UNKNOWN', message: String(error) };
}
