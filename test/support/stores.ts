import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { type EmbeddedRedis, startRedis, type StartRedisOptions } from '../../src/embedded/redis/redis';

/** An empty folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

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

/** The four alias tables as the field has them, in WAL mode. */
export function aliasDatabase(path: string): Database.Database {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  for (const type of ['team', 'player', 'league', 'market']) {
    db.exec(`CREATE TABLE ${type}_aliases (${type}_id TEXT, alias TEXT)`);
  }
  return db;
}
