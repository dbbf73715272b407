import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { type EmbeddedRedis, startRedis, type StartRedisOptions } from '../../src/embedded/redis/redis';

export interface TestRedis {
  /** Rewritten by `restart`. */
  server: EmbeddedRedis;
  /** A plain client beside Millrace's own. */
  readonly client: Redis;
  readonly url: string;
}

/** A Redis of this test file's own, stopped after it. Call inside `beforeAll`. */
export async function testRedis(options: Partial<StartRedisOptions> = {}): Promise<TestRedis> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-redis-'));
  const server = await startRedis({ dataDir, persist: false, ...options });
  const client = new Redis(server.url, { retryStrategy: () => 20 });
  client.on('error', () => undefined); // tests stop the server on purpose
  const redis: TestRedis = { server, client, url: server.url };
  cleanups.push(async () => {
    client.disconnect();
    await redis.server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return redis;
}

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
