import type { Redis } from 'ioredis';

/** Every key with its serialized value and whether it expires: to tell byte for byte whether anything has changed. */
export async function rawKeys(client: Redis): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of await client.keysBuffer('*')) {
    const dump = await client.dumpBuffer(key);
    found[key.toString('latin1')] = `${dump.toString('base64')} ${String((await client.pttl(key)) >= 0)}`;
  }
  return found;
}

const writes = 'set mset hset hdel sadd srem zadd zrem unlink del pexpire persist'.split(' ');

/** Forgets what has been called. */
export const beginCounting = (client: Redis) => client.config('RESETSTAT');

/** How often each command that writes has been called since `beginCounting`, also from within scripts. */
export async function writesCounted(client: Redis): Promise<Record<string, number>> {
  const stats = await client.info('commandstats');
  return Object.fromEntries(
    [...stats.matchAll(/^cmdstat_(\w+):calls=(\d+)/gm)]
      .filter(([, name = '']) => writes.includes(name))
      .map(([, name = '', calls]) => [name, Number(calls)]),
  );
}
