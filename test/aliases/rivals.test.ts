import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { loadConfig } from '../../src/config/load';
import { aliasesOnce } from '../../src/aliases/once';
import { firstPass, startCli } from '../support/cli';
import { keepLog, startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { actualKeys, expectedKeys } from '../support/model';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

/** Several Millraces on the same stores, and one that is killed. */
const folder = temporaryFolder();
let redis: TestRedis;
let path: string;
let db: Database.Database;
let files = 0;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  path = join(folder, `rivals-${String(++files)}.db`);
  db = aliasDatabase(path);
  const insert = db.prepare('INSERT INTO team_aliases VALUES (?, ?)');
  db.transaction(() => {
    for (let i = 0; i < 5_000; i++) insert.run(String(i), `alias ${String(i)}`);
  })();
});
afterEach(() => {
  db.close();
});

const environment = () => ({ REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '1' });

/** Every value ever written to the key, in Redis' own order. */
async function watchWrites(key: string): Promise<{ readonly values: string[]; readonly stop: () => void }> {
  const connection = redis.client.duplicate();
  const monitor = await connection.monitor();
  const values: string[] = [];
  monitor.on('monitor', (_time: string, args: readonly string[]) => {
    const at = args.indexOf(key);
    if (args[0]?.toLowerCase() === 'mset' && at > 0) values.push(args[at + 1] ?? '');
  });
  return {
    values,
    stop: () => {
      monitor.disconnect();
      connection.disconnect();
    },
  };
}

test('two daemons and a stream of reconciles never set a key back to an older value', async () => {
  const writes = await watchWrites('alias:team:counter');
  const daemons = [await startDaemon(environment()), await startDaemon(environment())];
  const update = db.prepare("UPDATE team_aliases SET team_id = ? WHERE alias = 'counter'");
  db.exec("INSERT INTO team_aliases VALUES ('0', 'counter')");
  const reconciled = new AbortController();
  const reconciling = (async () => {
    while (!reconciled.signal.aborted) await aliasesOnce(loadConfig(environment()), keepLog());
  })();
  for (let count = 1; count <= 400; count++) {
    update.run(String(count));
    if (count % 2 === 0) {
      const seen = writes.values.length;
      await eventually(() => writes.values.length > seen, {
        alive: Promise.race(daemons.map((one) => one.running)),
      });
    }
  }
  reconciled.abort();
  await reconciling;
  await eventually(async () => expect(await redis.client.get('alias:team:counter')).toBe('["400"]'));
  await eventually(async () => expect(await actualKeys(redis.client)).toEqual(expectedKeys(db)));
  writes.stop();
  const counts = writes.values.map((value) => Number(/\d+/.exec(value)?.[0]));
  expect(counts.length).toBeGreaterThan(100);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
}, 60_000);

const script = `
const db = new (require('better-sqlite3'))(process.argv[1], { timeout: Number(process.argv[2]) });
const update = db.prepare('UPDATE team_aliases SET team_id = ? WHERE alias = ?');
let n = 0;
process.on('SIGTERM', () => { console.log(JSON.stringify({ n })); process.exit(0); });
const turn = () => { for (let i = 0; i < 20; i++) update.run('w' + n, 'alias ' + (n++ * 7) % 5000); setImmediate(turn); };
turn();`;

/** Writes without pause from another process until stopped; rejects when a single write fails. */
function busyWriter(busyTimeoutMs: number): { readonly stop: () => Promise<number> } {
  const child = spawn(process.execPath, ['-e', script, path, String(busyTimeoutMs)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const code = await closed;
      if (code !== 0) throw new Error(`the writer failed: ${errors}`);
      return (JSON.parse(output) as { n: number }).n;
    },
  };
}

test('a daemon killed with kill -9 again and again, in passes and in the tail, loses nothing', async () => {
  const writer = busyWriter(5_000);
  for (let kill = 0; kill < 6; kill++) {
    const run = startCli(['run'], { ...environment(), HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' }, folder);
    if (kill % 2 === 0) await firstPass(run);
    else await eventually(async () => (await redis.client.dbsize()) > 1, { alive: run.ended });
    run.child.kill('SIGKILL');
    await run.ended;
  }
  expect(await writer.stop()).toBeGreaterThan(100);
  await startDaemon({ ...environment(), SYNC_INTERVAL: '3600' });
  await eventually(async () => expect(await actualKeys(redis.client)).toEqual(expectedKeys(db)));
}, 60_000);

// Not zero: any reader can make SQLite refuse a writer for an instant, when it finds the WAL index half written.
test('a writer with a busy timeout of a quarter second never fails, through passes and a tail at full speed', async () => {
  const daemon = await startDaemon(environment());
  const passes = () => daemon.log.lines.filter((line) => line.fields['event'] === 'pass.done').length;
  const writer = busyWriter(250);
  await eventually(() => passes() >= 4, { alive: daemon.running });
  expect(await writer.stop()).toBeGreaterThan(1_000);
  await eventually(async () => expect(await actualKeys(redis.client)).toEqual(expectedKeys(db)), {
    alive: daemon.running,
  });
}, 60_000);

test('Ctrl+C and SIGTERM finish the batch in hand and end with exit code 0 within five seconds', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const writer = busyWriter(5_000);
    const run = startCli(['run'], { ...environment(), HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' }, folder);
    await firstPass(run);
    const before = Date.now();
    run.child.kill(signal);
    expect((await run.ended).code).toBe(0);
    expect(Date.now() - before).toBeLessThan(5_000);
    expect((await run.ended).output).toContain('Sync service stopped by user');
    await writer.stop();
  }
}, 60_000);

test('a stop while Redis is frozen still ends within five seconds', async () => {
  const run = startCli(['run'], { ...environment(), HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' }, folder);
  await firstPass(run);
  redis.server.kill('SIGSTOP');
  try {
    db.exec("UPDATE team_aliases SET team_id = 'frozen' WHERE alias = 'alias 5'");
    const before = Date.now();
    run.child.kill('SIGTERM');
    await run.ended;
    expect(Date.now() - before).toBeLessThan(5_500);
  } finally {
    redis.server.kill('SIGCONT');
  }
});
