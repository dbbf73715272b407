import { setTimeout as delay } from 'node:timers/promises';

/** One write: the key it makes Redis change, and when its COMMIT (or SET) was issued and had returned. */
export interface Write {
  readonly key: string;
  /** By the monotonic clock (see clock.ts), in milliseconds. */
  readonly issuedAt: number;
  readonly returnedAt: number;
  /** By the wall clock, to be compared with the daemon's log. */
  readonly wallTime: number;
}

/** Does so many writes, `spacingMs` apart on average. */
export async function spaced(count: number, spacingMs: number, write: () => Write | Promise<Write>) {
  const writes: Write[] = [];
  for (let n = 0; n < count; n++) {
    await delay(spacingMs * (0.5 + Math.random()));
    writes.push(await write());
  }
  return writes;
}
