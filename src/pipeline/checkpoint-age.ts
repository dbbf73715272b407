/** A checkpoint and its log, at one moment. */
export interface Standstill {
  /** The position: it changes whenever something is applied. */
  readonly position: string;
  /** Age of the oldest change that waits; 0: none waits; null: not known. */
  readonly lagSeconds: number | null;
  readonly paused: boolean;
  /** By performance.now(). */
  readonly now: number;
}

/**
 * Tells how long changes have waited while nothing was applied, whether or not cycles succeed: health is progress. Since it is asked from
 * time to time only, the answer is never more than the age of the oldest change.
 */
export class CheckpointAge {
  #position: string | undefined;
  #movedAt = 0;

  /** How long, in seconds; null: not known. */
  seconds({ position, lagSeconds, paused, now }: Standstill): number | null {
    if (position !== this.#position || paused) {
      this.#position = position;
      this.#movedAt = now;
    }
    return lagSeconds === null ? null : Math.max(0, Math.min(lagSeconds, (now - this.#movedAt) / 1_000));
  }
}
