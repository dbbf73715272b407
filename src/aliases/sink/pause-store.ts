import { z } from 'zod';
import type { RedisConnection } from '../../connections/redis';
import type { PauseStore } from '../../pipeline/pause';

/** The key, beside the checkpoint, that pauses the pipeline by being there. */
const pauseKey = 'millrace:aliases:pause';

const schema = z.object({ at: z.number(), by: z.string() });

/** The pause of the aliases, in Redis. */
export const aliasPauseStore = (redis: RedisConnection): PauseStore => ({
  read: async () => {
    const text = await ask(redis, () => redis.client.get(pauseKey));
    if (text === null) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      return { at: Date.now(), by: `the key ${pauseKey}` }; // somebody wrote the key by hand, and meant a pause
    }
  },
  pause: async (by) => {
    await ask(redis, () => redis.client.set(pauseKey, JSON.stringify({ at: Date.now(), by }), 'NX'));
  },
  resume: async () => {
    await ask(redis, () => redis.client.del(pauseKey));
  },
});

async function ask<T>(redis: RedisConnection, command: () => Promise<T>): Promise<T> {
  try {
    await redis.connect();
    return await command();
  } catch (error) {
    throw redis.translate(error);
  }
}
