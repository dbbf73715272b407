import type Redis from 'ioredis';

/** All of a database, key by key, in a form that Jest compares; the stream's entries without their ids. */
export async function dumpKeyspace(client: Redis): Promise<Record<string, unknown>> {
  const dump: Record<string, unknown> = {};
  for (const key of (await client.keys('*')).sort()) dump[key] = await dumpKey(client, key);
  return dump;
}

async function dumpKey(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case 'hash':
      return { hash: hex(await client.callBuffer('HGETALL', key)) };
    case 'zset':
      return { zset: await client.zrange(key, 0, -1, 'WITHSCORES') };
    case 'list':
      return { list: await client.lrange(key, 0, -1) };
    case 'set':
      return { set: (await client.smembers(key)).sort() };
    case 'stream':
      return { stream: (await client.xrange(key, '-', '+')).map(([, fields]) => fields) };
    default:
      return { string: await client.get(key) };
  }
}

/** Fields in their order, bytes and all. */
const hex = (reply: unknown): string[] => (reply as Buffer[]).map((part) => part.toString('latin1'));
