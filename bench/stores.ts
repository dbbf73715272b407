import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startRedis } from '../src/embedded/redis/redis';

/** A real Redis of one part's own, and a folder on disk; both empty at first and gone afterwards. */
export interface Stores {
  readonly folder: string;
  readonly redisUrl: string;
  readonly client: Redis;
}

export async function withStores<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  try {
    const server = await startRedis({ dataDir: join(folder, 'redis'), persist: false });
    const client = new Redis(server.url);
    try {
      return await work({ folder, redisUrl: server.url, client });
    } finally {
      client.disconnect();
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
