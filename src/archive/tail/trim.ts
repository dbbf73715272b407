import type { Result } from 'ioredis';
import { readAsset } from '../../foundation/package-root';
import type { RedisConnection } from '../../connections/redis';
import { changesStream } from '../../writer/keys';
import type { StreamPosition } from '../position/claimed-position';
import { incarnationKey } from '../position/redis-facts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    millraceTrimStream(
      stream: string,
      incarnationKey: string,
      incarnation: string,
      how: '~' | '=',
      entryId: string,
    ): Result<null, Context>;
  }
}

type Applied = Pick<StreamPosition, 'incarnation' | 'entryId'>;

/** Trimming that goes on while the next page is written. */
export class Trimming {
  readonly #redis: RedisConnection;
  #last: Promise<void> = Promise.resolve();

  constructor(redis: RedisConnection) {
    this.#redis = redis;
    redis.client.defineCommand('millraceTrimStream', {
      lua: readAsset('src/archive/tail/lua/trim-stream.lua'),
      numberOfKeys: 2,
    });
  }

  /** Trims whole nodes of the stream only, which costs next to nothing. @param of the stream that was read @param entryId how far it is applied */
  start(of: StreamPosition | undefined, entryId: string): void {
    const position = { incarnation: of?.incarnation ?? null, entryId };
    this.#last = this.#last.then(() => this.#trim(position, '~'));
    this.#last.catch(() => undefined); // `settle` throws it
  }

  /** Waits for the trimming under way. @throws its error; the next trimming tries again */
  async settle(): Promise<void> {
    const last = this.#last;
    this.#last = Promise.resolve();
    await last;
  }

  exactly(position: Applied): Promise<void> {
    return this.#trim(position, '=');
  }

  /**
   * Trims entries that are committed. The entry at the position stays: later it proves that this is still the same stream. MAXLEN is never
   * used, for it would take entries that nobody has read.
   */
  async #trim({ incarnation, entryId }: Applied, how: '~' | '='): Promise<void> {
    const { client } = this.#redis;
    try {
      await client.millraceTrimStream(changesStream, incarnationKey, incarnation ?? '', how, entryId);
    } catch (error) {
      throw this.#redis.translate(error);
    }
  }
}
