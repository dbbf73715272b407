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
