import type { RedisConnection } from '../redis';
import { streamKey } from './checkpoint';

/**
 * Cuts off what is committed. The entry at the position stays: it proves later that this is still the same stream. Never by
 * MAXLEN, which would take entries nobody has read.
 * @param how `about`: whole nodes of the stream only, which costs next to nothing
 */
export async function trimStream(
  redis: RedisConnection,
  position: string,
  how: 'about' | 'exactly',
): Promise<void> {
  try {
    await redis.client.call('XTRIM', streamKey, 'MINID', how === 'about' ? '~' : '=', position);
  } catch (error) {
    throw redis.translate(error);
  }
}

/** Trimming that goes on while the next page is written. */
export class Trimming {
  readonly #redis: RedisConnection;
  #last: Promise<void> = Promise.resolve();

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  start(position: string): void {
    this.#last = this.#last.then(() => trimStream(this.#redis, position, 'about'));
    this.#last.catch(() => undefined); // thrown by `settle`
  }

  /** @throws what it failed with; the next one tries again */
  async settle(): Promise<void> {
    const last = this.#last;
    this.#last = Promise.resolve();
    await last;
  }
}
