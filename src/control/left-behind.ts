import { EMPTY, exhaustMap, type Observable, takeUntil, timer } from 'rxjs';
import { checkpointKey } from '../aliases/sink/checkpoint';
import { changesStream } from '../writer/keys';
import type { Config } from '../config/load';
import { fatal, type MillraceError } from '../foundation/errors';
import type { LeftOut } from '../config/load';
import type { Log } from '../log/log';
import type { PipelineName } from '../config/names';
import { abort$ } from '../pipeline/pump';
import { RedisConnection } from '../connections/redis';

/** By which key each pipeline can be recognised in Redis, and what happens while nobody runs that pipeline. */
const traces: Readonly<Record<PipelineName, { readonly key: string; readonly what: string }>> = {
  archive: {
    key: changesStream,
    what: `${changesStream} is in Redis: what writers put there is archived by nobody, and grows`,
  },
  aliases: {
    key: checkpointKey,
    what: `${checkpointKey} is in Redis: its keys were kept in step with SQLite, and are no longer`,
  },
};

/** The pipelines that are left out but have run once: a setting was probably forgotten. @throws the errors of Redis */
export async function findLeftBehind(
  redis: RedisConnection,
  leftOut: readonly LeftOut[],
): Promise<readonly MillraceError[]> {
  try {
    await redis.connect();
    const types = await Promise.all(leftOut.map(({ pipeline }) => redis.client.type(traces[pipeline].key)));
    return leftOut.flatMap(({ pipeline, hint }, index) =>
      types[index] === 'none'
        ? []
        : [fatal(`${pipeline} is left out, but ${traces[pipeline].what}`, { code: 'E_LEFT_BEHIND', hint })],
    );
  } catch (error) {
    throw redis.translate(error);
  }
}

const everyMs = 10_000;

type Watched = Pick<Config, 'redis' | 'leftOut'>;

/** Looks for such pipelines as long as the daemon runs. */
export class LeftBehind {
  readonly #config: Watched;
  readonly #log: Log;
  #found: readonly MillraceError[] = [];

  constructor(config: Watched, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  get troubles(): readonly string[] {
    return this.#found.map(({ code, message, hint = '' }) => `${code}: ${message}: ${hint}`);
  }

  watch$(signal: AbortSignal): Observable<unknown> {
    if (this.#config.leftOut.length === 0) return EMPTY;
    return timer(0, everyMs).pipe(
      exhaustMap(() => this.#look()),
      takeUntil(abort$(signal)),
    );
  }

  async #look(): Promise<void> {
    const redis = new RedisConnection(this.#config.redis, 'left-out');
    try {
      const before = this.#found.length;
      this.#found = await findLeftBehind(redis, this.#config.leftOut);
      if (before === 0)
        for (const error of this.#found) this.#log.failure('error', error, { event: 'left-behind' });
    } catch {
      // The pipeline that does run reports what is wrong with Redis.
    } finally {
      redis.close();
    }
  }
}
