import { readRedisFacts } from '../archive/position/redis-facts';
import type { Config } from '../config/load';
import { RedisConnection } from '../connections/redis';

const infoSections = [
  'server',
  'clients',
  'memory',
  'persistence',
  'stats',
  'replication',
  'errorstats',
  'commandstats',
  'keyspace',
];
const configured = [
  'maxmemory',
  'maxmemory-policy',
  'notify-keyspace-events',
  'appendonly',
  'save',
  'databases',
  'client-output-buffer-limit',
];

/** Facts about the server, and how much it holds. No key is read, but for the stream's measures and our checkpoint. */
export async function redisSection({ redis, catalogue }: Pick<Config, 'redis' | 'catalogue'>) {
  const connection = new RedisConnection(redis, 'support');
  const { client } = connection;
  const orWhy = async <T>(asked: Promise<T>): Promise<T | string> =>
    asked.catch((error: unknown) => String((error as { message?: unknown }).message));
  try {
    await connection.connect();
    const info: Record<string, unknown> = {};
    for (const name of infoSections) info[name] = await orWhy(client.info(name).then(pairs));
    const settings: Record<string, unknown> = {};
    for (const name of configured)
      settings[name] = await orWhy(
        client.config('GET', name).then((reply) => (reply as string[])[1] ?? null),
      );
    const { stream, counters, incarnation, runId } = await readRedisFacts(connection, '0-0', catalogue);
    // Only numbers: somebody may have put anything under a counter's key.
    const numbers = Object.entries(counters).filter(([, value]) => /^\d{1,20}$/.test(value ?? ''));
    return {
      info,
      settings,
      keys: await client.dbsize(),
      stream,
      counters: Object.fromEntries(numbers),
      runId,
      followed: incarnation !== null,
    };
  } catch (error) {
    throw connection.translate(error);
  } finally {
    connection.close();
  }
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf(':');
      return at < 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
