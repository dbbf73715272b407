import type { RedisConnection } from '../../connections/redis';
import { compareEntryIds } from '../stream/entry-id';
import { lastEntryId } from '../tail/stream-tail';

/**
 * A pass begins when the tail has applied what was in the stream when it was asked for: it would find all of that missing, and
 * have it written a second time.
 */
export class PassGate {
  readonly #redis: RedisConnection;
  #after: string | undefined;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /** @param position the last entry applied */
  async isOpen(position: string): Promise<boolean> {
    const last = await lastEntryId(this.#redis);
    this.#after ??= last;
    // The entry waited for may have been deleted meanwhile.
    if (compareEntryIds(position, this.#after) < 0 && compareEntryIds(position, last) < 0) return false;
    this.#after = undefined;
    return true;
  }
}
