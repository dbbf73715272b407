import type { Result } from 'ioredis';
import { describeError, type ErrorReport } from '../errors';
import type { Log } from '../log';
import { readAsset } from '../package-root';
import type { RedisConnection } from '../redis';
import { ensureLibrary, inspectLibrary, libraryError } from '../writer/library';
import { streamKey } from './checkpoint';
import { incarnationKey } from './redis-facts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    millraceRenewStream(
      count: number,
      ...keysAndValues: string[]
    ): Result<readonly [why: string, aside: string, more: number], Context>;
  }
}

/** Clocks are set right by hours; beyond that an id says nothing of time. */
const aheadMs = 86_400_000;
const movedAtOnce = 100;
const movedBytes = 1024 * 1024;
/** Whatever else than a stream is under one of them stays there. */
const asideKeys = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `${streamKey}:before:${number}`);

export interface CaptureWatchOptions {
  readonly redis: RedisConnection;
  readonly log: Log;
  readonly onIncident: (what: string) => void;
}

/**
 * Looks every few seconds whether writers can do their work: the function library is loaded and ours, and the stream takes entries.
 * In every instance, and without Postgres: a writer waits for neither an owner nor an archive.
 */
export class CaptureWatch {
  readonly #options: CaptureWatchOptions;
  #functions: ErrorReport | undefined;
  #stream: ErrorReport | undefined;

  constructor(options: CaptureWatchOptions) {
    this.#options = options;
    options.redis.client.defineCommand('millraceRenewStream', {
      lua: readAsset('src/archive/renew-stream.lua'),
    });
  }

  /** What keeps writers from their work, or does it in our name; a person has to look. */
  get troubles(): readonly ErrorReport[] {
    return [this.#functions, this.#stream].filter((one) => one !== undefined);
  }

  /** Never throws: that Redis is away is told elsewhere. */
  async look(): Promise<void> {
    this.#functions = await this.#attempt(() => this.#keepLibrary(), this.#functions);
    this.#stream = await this.#attempt(() => this.#keepStream(), this.#stream);
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

  async #keepStream(): Promise<undefined> {
    const { redis, onIncident } = this.#options;
    const keys = [streamKey, incarnationKey, ...asideKeys];
    for (let more = true; more;) {
      const [why, aside, left] = await redis.client.millraceRenewStream(
        keys.length,
        ...keys,
        String(aheadMs),
        String(movedAtOnce),
        String(movedBytes),
      );
      if (/^\d/.test(why))
        onIncident(
          `the stream ${streamKey} had the last id ${why}, far ahead of the clock: somebody set it; it begins anew, with all it held`,
        );
      else if (why !== '')
        onIncident(
          `${streamKey} was no stream any more, but of type ${why}: somebody wrote it; that is ${aside} now, and the stream begins anew`,
        );
      more = left === 1;
    }
    return undefined;
  }
}
