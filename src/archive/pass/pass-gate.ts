import type { RedisConnection } from '../../connections/redis';
import { compareEntryIds } from '../stream/entry-id';
import { lastEntryId } from '../tail/stream-tail';

/**
 * Lets a pass begin only when the tail has applied everything that was in the stream when the pass was asked for. Otherwise the pass would
 * find all of that missing, and have it written a second time.
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
    // Compared with the present end, too: the entry we wait for may have been deleted in the meantime.
    if (compareEntryIds(position, this.#after) < 0 && compareEntryIds(position, last) < 0) return false;
    this.#after = undefined;
    return true;
  }
}
