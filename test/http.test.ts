import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { startDaemon, type TestDaemon } from './support/daemon';
import { eventually } from './support/eventually';
import { aliasDatabase, temporaryFolder, testRedis, type TestRedis } from './support/stores';

const folder = temporaryFolder();
let redis: TestRedis;
let db: Database.Database;
let daemon: TestDaemon;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  const path = join(folder, `http-${String(Date.now())}.db`);
  db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'a'), (NULL, 'b'), (2, NULL), (3, x'00')");
  daemon = await startDaemon({ REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600' });
});
afterEach(() => {
  db.close();
});

const get = (route: string) => fetch(`${daemon.url}${route}`);

test('/healthz answers, /readyz succeeds once the first pass is complete', async () => {
  expect((await get('/healthz')).status).toBe(200);
  expect(await (await get('/readyz')).json()).toEqual({ ready: true, reasons: [] });
});

test('/metrics counts what was applied, the pass, its differences and the rows without a key', async () => {
  db.exec("INSERT INTO team_aliases VALUES (2, 'c')");
  await eventually(async () => {
    const text = await (await get('/metrics')).text();
    expect(text).toContain('millrace_records_applied_total{pipeline="aliases",kind="team",op="add"} 2');
    expect(text).toContain('millrace_reconcile_differences_total{pipeline="aliases",kind="team"} 1');
    expect(text).toContain('millrace_records_skipped{pipeline="aliases",kind="team"} 3');
    expect(text).toMatch(/millrace_pass_duration_seconds\{pipeline="aliases"\} 0\.\d+/);
    expect(text).toMatch(/millrace_end_to_end_latency_seconds_count\{pipeline="aliases"\} 1/);
    expect(text).toContain('millrace_ready 1');
  });
});

test('/readyz fails within seconds with the reason when a store is gone, and recovers with it', async () => {
  redis.server.kill('SIGSTOP');
  try {
    await eventually(
      async () => {
        const reply = await get('/readyz');
        expect(reply.status).toBe(503);
        expect(JSON.stringify(await reply.json())).toMatch(/E_REDIS_UNREACHABLE|no progress/);
      },
      { within: 8_000 },
    );
  } finally {
    redis.server.kill('SIGCONT');
  }
  await eventually(async () => expect((await get('/readyz')).status).toBe(200));
});

test('the endpoint listens on the loopback address only', () => {
  expect(daemon.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
});
