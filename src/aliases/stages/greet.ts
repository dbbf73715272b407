import { inspectServer, type RedisConnection } from '../../connections/redis';
import type { Log } from '../../log/log';
import type { Stage } from '../../pipeline/turns';

/** Asks once, before the first write: is this a Redis we can and may write to? @param keys what is written there, in words */
export function greet(connection: RedisConnection, log: Log, keys: string): Stage {
  let greeted = false;
  return async () => {
    if (greeted) return undefined;
    await connection.connect();
    const { evicts, maxmemoryPolicy } = await inspectServer(connection);
    greeted = true;
    if (!evicts) return undefined;
    log.warn(`Redis may evict ${keys} (maxmemory-policy ${maxmemoryPolicy})`, {
      event: 'redis.evicts',
      hint: 'Full passes bring them back; to keep them, set maxmemory-policy to noeviction or volatile-lru.',
    });
    return undefined;
  };
}
