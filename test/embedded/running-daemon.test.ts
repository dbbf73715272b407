import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { writeRecord } from '../../src/control/daemon-record';
import { useRunningDaemon } from '../../src/embedded/stores';

const folder = mkdtempSync(join(tmpdir(), 'millrace-running-'));
const record = {
  pid: process.pid,
  redisUrl: 'redis://localhost:6399/2',
  postgresUrl: 'postgresql://millrace:secret@127.0.0.1:6543/ai_models',
  dbPath: join(folder, 'shop.db'),
  ours: false,
  http: 'http://127.0.0.1:8612',
};

beforeAll(() => {
  writeRecord(folder, record);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const used = (settings: Record<string, string>) =>
  useRunningDaemon(loadConfig({ ...settings, MILLRACE_DIR: folder, MILLRACE_CONFIG: '' }));

const found = {
  daemonUrl: record.http,
  dbPath: record.dbPath,
  postgres: { connectionString: record.postgresUrl },
};

test('where no store is named, those of the daemon that runs here are used', () => {
  expect(used({})).toMatchObject({ ...found, redis: { host: 'localhost', port: 6399, db: 2 } });
});

test('whoever names the Redis of the daemon that runs here is served by its other stores, with their own user', () => {
  const config = used({ REDIS_URL: 'redis://ada:pw@localhost:6399/2', DB_PATH: record.dbPath });
  expect(config).toMatchObject({ ...found, redis: { username: 'ada', password: 'pw' } });
  expect(used({ REDIS_URL: record.redisUrl })).toMatchObject(found);
});

test('a Postgres that is named is used', () => {
  const POSTGRES_URL = 'postgresql://me@elsewhere/mine';
  expect(used({ REDIS_URL: record.redisUrl, POSTGRES_URL })).toMatchObject({
    daemonUrl: record.http,
    postgres: { connectionString: POSTGRES_URL },
  });
});

test.each([
  ['host', { REDIS_URL: 'redis://elsewhere:6399/2' }],
  ['port', { REDIS_URL: 'redis://localhost:6379/2' }],
  ['database', { REDIS_URL: 'redis://localhost:6399/0' }],
  ['SQLite file', { REDIS_URL: record.redisUrl, DB_PATH: join(folder, 'other.db') }],
])('a daemon with another %s is not the one that is meant', (_what, settings) => {
  const config = used(settings);
  expect(config.daemonUrl).toBeUndefined();
  expect(config.postgres).toBeUndefined();
});
