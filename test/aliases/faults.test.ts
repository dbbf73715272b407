import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { startRedis } from '../../src/embedded/redis/redis';
import { cutProxy } from '../support/cut-proxy';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { actualKeys, expectedKeys } from '../support/model';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

/** Faults of Redis under a running daemon. The interval is an hour: what heals here heals because it was noticed. */
const folder = temporaryFolder();
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-faults-'));
let redis: TestRedis;
let path: string;
let db: Database.Database;
let files = 0;

beforeAll(async () => {
  redis = await testRedis({ dataDir });
});
beforeEach(async () => {
  await eventually(() => redis.client.flushall());
  path = join(folder, `faults-${String(++files)}.db`);
  db = aliasDatabase(path);
  const insert = db.prepare('INSERT INTO team_aliases VALUES (?, ?)');
  db.transaction(() => {
    for (let i = 0; i < 3_000; i++) insert.run(String(i), `alias ${String(i % 2_500)}`);
  })();
});
afterEach(() => {
  db.close();
});

const start = (url = redis.url) => startDaemon({ REDIS_URL: url, DB_PATH: path, SYNC_INTERVAL: '3600' });
const converges = (daemon: TestDaemon, within = 5_000) =>
  eventually(async () => expect(await actualKeys(redis.client)).toEqual(expectedKeys(db)), {
    alive: daemon.running,
    within,
  });
const reports = (daemon: TestDaemon, pattern: RegExp) =>
  eventually(() =>
    expect(daemon.log.lines.map((line) => line.message)).toContainEqual(expect.stringMatching(pattern)),
  );

test('a flush is noticed within seconds, reported and repaired', async () => {
  const daemon = await start();
  await redis.client.flushall();
  await converges(daemon);
  await reports(daemon, /Redis lost the checkpoint/);
});

test('a Redis restarted empty is noticed, reported and filled again', async () => {
  const daemon = await start();
  const { port } = redis.server;
  redis.server.kill('SIGKILL');
  await redis.server.exited;
  await eventually(async () =>
    expect((await daemon.status()).troubles).toContainEqual(expect.stringMatching(/E_REDIS_UNREACHABLE/)),
  );
  db.exec("INSERT INTO team_aliases VALUES (1, 'while away')");
  redis.server = await startRedis({ dataDir, persist: false, port });
  await converges(daemon);
  await reports(daemon, /Redis lost the checkpoint/);
  await reports(daemon, /recovered/);
});

test('a Redis restored from an older snapshot is noticed, reported and brought up to date', async () => {
  const daemon = await start();
  await redis.client.save();
  copyFileSync(join(dataDir, 'dump.rdb'), join(folder, 'older.rdb'));
  db.exec(
    "DELETE FROM team_aliases WHERE alias = 'alias 1'; UPDATE team_aliases SET team_id = 'new' WHERE alias = 'alias 2'",
  );
  await converges(daemon);
  const { port } = redis.server;
  redis.server.kill('SIGKILL');
  await redis.server.exited;
  copyFileSync(join(folder, 'older.rdb'), join(dataDir, 'dump.rdb'));
  redis.server = await startRedis({ dataDir, persist: false, port });
  await eventually(() => redis.client.ping());
  await converges(daemon);
  await reports(daemon, /Redis went backwards/);
});

test('a frozen Redis shows in health within seconds, and what was written meanwhile arrives when it thaws', async () => {
  const daemon = await start();
  redis.server.kill('SIGSTOP');
  try {
    db.exec("UPDATE team_aliases SET team_id = 'frozen' WHERE alias = 'alias 5'");
    await eventually(async () => expect((await daemon.status()).ready).toBe(false), { within: 8_000 });
    db.exec("UPDATE team_aliases SET team_id = 'newer' WHERE alias = 'alias 5'");
  } finally {
    redis.server.kill('SIGCONT');
  }
  await converges(daemon);
  await eventually(async () => expect((await daemon.status()).ready).toBe(true));
});

test('connections cut in the middle of replies lose nothing', async () => {
  const proxy = await cutProxy(redis.server.port);
  const daemon = await start(`redis://127.0.0.1:${String(proxy.port)}`);
  const update = db.prepare('UPDATE team_aliases SET team_id = ? WHERE alias = ?');
  for (let cut = 1; cut <= 15; cut++) {
    proxy.cutAfter(cut * 7);
    update.run(`cut ${String(cut)}`, `alias ${String(cut)}`);
    await eventually(() => proxy.cuts() >= cut, { alive: daemon.running });
  }
  await converges(daemon, 20_000);
}, 60_000);

test('a full Redis is told in health, and the daemon goes on by itself when there is room', async () => {
  const daemon = await start();
  await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  await redis.client.config('SET', 'maxmemory', '1');
  db.exec("INSERT INTO team_aliases VALUES (1, 'no room')");
  await eventually(async () =>
    expect((await daemon.status()).troubles).toContainEqual(expect.stringMatching(/E_REDIS_FULL/)),
  );
  await redis.client.config('SET', 'maxmemory', '0');
  await converges(daemon);
});
