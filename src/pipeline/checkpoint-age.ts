/** How a checkpoint stands against its log, at one moment. */
export interface Standstill {
  /** What changes whenever something is applied. */
  readonly position: string;
  /** Age of the oldest change that waits, 0: none; null: not known. */
  readonly lagSeconds: number | null;
  readonly paused: boolean;
  /** By performance.now(). */
  readonly now: number;
}

/**
 * Tells how long changes have waited while nothing was applied, whatever the cycles say of themselves: health is progress.
 * Looked at from time to time only: what waits has not waited longer than it is old.
 */
export class CheckpointAge {
  #position: string | undefined;
  #movedAt = 0;

  /** In seconds; null: not known. */
  seconds({ position, lagSeconds, paused, now }: Standstill): number | null {
    if (position !== this.#position || paused) {
      this.#position = position;
      this.#movedAt = now;
    }
    return lagSeconds === null ? null : Math.max(0, Math.min(lagSeconds, (now - this.#movedAt) / 1_000));
  }
}
