export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Full jitter: a random delay below an exponentially growing, capped bound, so that instances which failed together do not
 * come back together. `attempt` counts from 1; `random` is in [0, 1).
 */
export function backoffMs(
  attempt: number,
  { baseMs, capMs }: BackoffOptions,
  random = Math.random(),
): number {
  return Math.round(random * Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30)));
}
