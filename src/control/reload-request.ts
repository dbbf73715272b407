import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { distinctUntilChanged, exhaustMap, filter, from, type Observable, skip, timer } from 'rxjs';
import { z } from 'zod';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';

/** The key that asks every daemon of this Redis to read its mappings again: each request has a value of its own. */
const requestKey = 'millrace:reload';
/** A short stream of what daemons have answered. */
const answersKey = 'millrace:reload:answers';
const answersKept = 100;
const keptMs = 60_000;
const lookMs = 500;

/** What one daemon made of a request. */
const answer = z.object({
  by: z.string(),
  outcome: z.enum(['reloaded', 'unchanged', 'refused']),
  says: z.string(),
});
export type ReloadAnswer = z.infer<typeof answer>;

/** Asks all daemons, wherever they run. @returns the request, for `answersTo` @throws explained errors */
export async function askForReload(redis: RedisConnection): Promise<string> {
  const request = randomBytes(8).toString('hex');
  return explained(redis, async () => {
    await redis.client.set(requestKey, request, 'PX', keptMs);
    return request;
  });
}

/** What has been answered so far. @throws explained errors */
export const answersTo = (redis: RedisConnection, request: string): Promise<readonly ReloadAnswer[]> =>
  explained(redis, async () => {
    const newest = await redis.client.xrevrange(answersKey, '+', '-', 'COUNT', answersKept);
    const ours = newest.filter(([, [, asked]]) => asked === request);
    return ours.map(([, [, , , text = '']]) => answer.parse(JSON.parse(text)));
  });

/** The requests that a daemon of this Redis sees, and its answers. Looks twice a second, over a connection of its own. */
export class ReloadRequests {
  readonly #redis: RedisConnection;

  constructor(target: RedisTarget) {
    this.#redis = new RedisConnection(target, 'reload');
  }

  /** Emits each request that comes after the first look. While Redis is away nothing is asked for. */
  get request$(): Observable<string> {
    const look = () =>
      from(explained(this.#redis, () => this.#redis.client.get(requestKey)).catch(() => undefined));
    return timer(0, lookMs).pipe(
      exhaustMap(look),
      filter((found) => found !== undefined),
      distinctUntilChanged(),
      skip(1),
      filter((found) => found !== null),
    );
  }

  /** Never fails: whoever asked hears nothing then. */
  async answer(request: string, outcome: ReloadAnswer['outcome'], says: string): Promise<void> {
    const text = JSON.stringify({ by: `${hostname()}:${process.pid}`, outcome, says } satisfies ReloadAnswer);
    const { client } = this.#redis;
    await explained(this.#redis, async () => {
      await client.xadd(answersKey, 'MAXLEN', answersKept, '*', 'request', request, 'answer', text);
    }).catch(() => undefined);
  }

  close(): void {
    this.#redis.close();
  }
}

async function explained<T>(redis: RedisConnection, work: () => Promise<T>): Promise<T> {
  try {
    await redis.connect();
    return await work();
  } catch (error) {
    throw redis.translate(error);
  }
}
