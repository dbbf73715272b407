import { describeError, type ErrorReport } from '../foundation/errors';
import type { Log } from '../log/log';
import type { RedisConnection } from '../connections/redis';
import { ensureLibrary, inspectLibrary, libraryError } from '../writer/library';
import { renewStream } from './position/renew-stream';

export interface CaptureWatchOptions {
  readonly redis: RedisConnection;
  readonly log: Log;
  readonly onIncident: (what: string) => void;
}

/**
 * Looks every few seconds whether writers can do their work: the function library is loaded and ours, and the stream takes entries. Every
 * instance does so, even without Postgres, for writers wait neither for an owner nor for an archive.
 */
export class CaptureWatch {
  readonly #options: CaptureWatchOptions;
  #functions: ErrorReport | undefined;
  #stream: ErrorReport | undefined;

  constructor(options: CaptureWatchOptions) {
    this.#options = options;
  }

  /** What keeps writers from their work (or a function library that is not ours): a person has to look. */
  get troubles(): readonly ErrorReport[] {
    return [this.#functions, this.#stream].filter((one) => one !== undefined);
  }

  /** Never throws: others report when Redis is away. */
  async look(): Promise<void> {
    this.#functions = await this.#attempt(() => this.#keepLibrary(), this.#functions);
    this.#stream = await this.#attempt(async () => {
      await renewStream(this.#options.redis, this.#options.onIncident);
      return undefined;
    }, this.#stream);
  }

  async #attempt(
    work: () => Promise<ErrorReport | undefined>,
    before: ErrorReport | undefined,
  ): Promise<ErrorReport | undefined> {
    const { redis, log } = this.#options;
    let found: ErrorReport | undefined;
    try {
      await redis.connect();
      found = await work();
    } catch (error) {
      const translated = redis.translate(error);
      found = describeError(translated);
      if (found.code === 'E_REDIS_UNREACHABLE') return undefined;
    }
    if (found !== undefined && found.message !== before?.message)
      log.warn(found.message, { event: 'capture.trouble', pipeline: 'archive', ...found });
    return found;
  }

  async #keepLibrary(): Promise<ErrorReport | undefined> {
    const { redis, onIncident } = this.#options;
    const found = await inspectLibrary(redis.client);
    if (found === 'ours' || found === 'no functions') return undefined;
    if (found !== 'missing') return describeError(libraryError(found));
    try {
      await ensureLibrary(redis.client);
    } catch (error) {
      const { hint } = describeError(redis.translate(error));
      return { ...describeError(libraryError('missing')), ...(hint === undefined ? {} : { hint }) };
    }
    onIncident('the function library was gone from Redis; it is loaded again');
    return undefined;
  }
}
