import { z } from 'zod';
import { type Pause, pausedError } from '../../pipeline/pause';
import type { RedisConnection } from '../../connections/redis';

/** The key, beside the checkpoint, that pauses the pipeline by being there. */
const pauseKey = 'millrace:aliases:pause';

const schema = z.object({ at: z.number(), by: z.string() });

/** @throws an explained error */
export async function readPause(redis: RedisConnection): Promise<Pause | undefined> {
  const text = await ask(redis, () => redis.client.get(pauseKey));
  if (text === null) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return { at: Date.now(), by: `the key ${pauseKey}` }; // somebody wrote the key by hand, and meant a pause
  }
}

/** @throws E_PAUSED */
export async function refusePaused(redis: RedisConnection): Promise<void> {
  const paused = await readPause(redis);
  if (paused !== undefined) throw pausedError('aliases', paused);
}

/** Pauses the pipeline. A pause that is there already stays, for it says since when. */
export async function pause(redis: RedisConnection, by: string): Promise<void> {
  await ask(redis, () => redis.client.set(pauseKey, JSON.stringify({ at: Date.now(), by }), 'NX'));
}

export async function resume(redis: RedisConnection): Promise<void> {
  await ask(redis, () => redis.client.del(pauseKey));
}

async function ask<T>(redis: RedisConnection, command: () => Promise<T>): Promise<T> {
  try {
    await redis.connect();
    return await command();
  } catch (error) {
    throw redis.translate(error);
  }
}
