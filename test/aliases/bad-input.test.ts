import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type Redis from 'ioredis';
import { freePort } from '../../src/embedded/process/ask-redis';
import type { DaemonStatus } from '../../src/control/daemon-status';
import { type CliRun, firstPass, startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { runCli } from '../support/run-cli';
import { startDaemon } from '../support/daemon';
import { startAsOrdinaryUser } from './support/ordinary-user';

const folder = temporaryFolder();
const good = join(folder, 'good.db');
const file = (name: string) => join(folder, name);
let redis: TestRedis;

/** Keys that an earlier run left: no mistake in the settings may take them away. */
const earlier = { 'alias:team:old': '["1"]', 'alias:player:old': '["2"]' };

beforeAll(async () => {
  redis = await testRedis();
  chmodSync(folder, 0o755);
  const db = aliasDatabase(good);
  db.pragma('journal_mode = DELETE');
  db.exec(`INSERT INTO team_aliases VALUES (7, 'new'), (1, 'old');
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO player_aliases SELECT i, 'player ' || i FROM n;`);
  db.close();
  writeFileSync(file('text.db'), 'team_id,alias\n'.repeat(100));
  writeFileSync(file('random.db'), randomBytes(8_192));
  const bytes = readFileSync(good);
  for (const percent of [20, 90]) {
    writeFileSync(file(`cut-${String(percent)}.db`), bytes.subarray(0, (bytes.length * percent) / 100));
  }
  mkdirSync(file('folder.db'));
  copyFileSync(good, file('secret.db'));
  chmodSync(file('secret.db'), 0);
});
beforeEach(async () => {
  await redis.client.flushall();
  await redis.client.mset(earlier);
});

/** A process that a failed test left behind would go on writing. */
const runs: CliRun[] = [];
afterEach(async () => {
  for (const run of runs.splice(0)) {
    run.child.kill('SIGKILL');
    await run.ended;
  }
});
function started(run: CliRun): CliRun {
  runs.push(run);
  return run;
}
const start: typeof startCli = (...how) => started(startCli(...how));
const startAsUser: typeof startCli = (...how) => started(startAsOrdinaryUser(...how));

const modes: readonly (readonly [string, ...string[]])[] = [['run'], ['run', '--once']];

interface Setting {
  readonly env: Readonly<Record<string, string>>;
  /** In processes of their own: of each kind of refusal one shows that they end by themselves. */
  readonly start?: typeof startCli;
  readonly client?: Redis;
}

/** How many there are of each kind that keeps a process from its end: sockets, servers, timers, children. */
function keptAlive(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Both ways to run end with 1, say what to do, and leave Redis as it was. @returns what they printed. */
async function refused({ env, start: begin, client = redis.client }: Setting): Promise<string> {
  const outputs = [];
  const before = keptAlive();
  for (const mode of modes) {
    const all = { REDIS_URL: redis.url, DB_PATH: good, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases', ...env };
    const { code, output } = await (begin?.(mode, all, folder).ended ?? runCli(mode, all, folder));
    expect({ mode, code, output }).toMatchObject({ code: 1 });
    expect(output).toMatch(/^Error: /m);
    expect(output).toContain('    → ');
    expect(output).not.toMatch(/^\s+at /m);
    outputs.push(output);
  }
  // A process would end now.
  await eventually(() =>
    expect([...keptAlive()].filter(([kind, count]) => count > (before.get(kind) ?? 0))).toEqual([]),
  );
  expect(await client.mget(Object.keys(earlier))).toEqual(Object.values(earlier));
  expect(await client.keys('alias:*')).toHaveLength(2);
  return outputs.join('\n');
}

async function stop(run: CliRun): Promise<string> {
  run.child.kill('SIGTERM');
  const { code, output } = await run.ended;
  expect(code).toBe(0);
  expect(output).not.toMatch(/^\s+at /m);
  return output;
}

const outputOf = async (end: Promise<{ readonly output: string }>) => (await end).output;

/** What a daemon prints that is stopped after its first pass. */
async function untilStopped(env: Readonly<Record<string, string>>): Promise<string> {
  const run = start(['run'], env, folder);
  await firstPass(run);
  return stop(run);
}

const status = async (run: CliRun): Promise<DaemonStatus> => {
  const url = /health and metrics: (\S+)/.exec(run.output())?.[1] ?? '';
  return (await (await fetch(`${url}/status`)).json()) as DaemonStatus;
};

describe('DB_PATH', () => {
  test.each([
    ['sports_dat.db', /does not exist[^]*Check DB_PATH/],
    ['folder.db', /DB_PATH .*folder\.db is a directory[^]*Let DB_PATH/],
    ['text.db', /is not an SQLite database, or it is encrypted[^]*Check DB_PATH/],
    ['random.db', /is not an SQLite database, or it is encrypted[^]*Check DB_PATH/],
    ['cut-20.db', /is damaged[^]*integrity_check/],
    ['cut-90.db', /is damaged[^]*integrity_check/],
  ])('%s is refused with a remedy, and Redis keeps what it has', async (name, message) => {
    const before = readdirSync(folder);
    const own = name === 'cut-90.db' ? { start } : {};
    expect(await refused({ env: { DB_PATH: file(name) }, ...own })).toMatch(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('left out, it is sports_data.db in this folder, which is not created', async () => {
    expect(await refused({ env: { DB_PATH: '' } })).toContain('sports_data.db does not exist');
    expect(existsSync(file('sports_data.db'))).toBe(false);
  });

  test('a file that may not be read is refused with a remedy', async () => {
    const output = await refused({ env: { DB_PATH: file('secret.db') }, start: startAsUser });
    expect(output).toMatch(/secret\.db cannot be opened[^]*needs to read the file/);
  });

  test('a WAL database in a folder that may not be written to is refused with a remedy', async () => {
    mkdirSync(file('wal'));
    aliasDatabase(file('wal/wal.db')).close();
    chmodSync(file('wal/wal.db'), 0o444);
    chmodSync(file('wal'), 0o555);
    const output = await refused({ env: { DB_PATH: file('wal/wal.db') }, start: startAsUser });
    expect(output).toMatch(/wal\.db cannot be opened[^]*to write to its folder/);
    chmodSync(file('wal'), 0o755);
  });

  test('a file that may only be read is served by the interval pass alone, and status says so', async () => {
    mkdirSync(file('read'));
    copyFileSync(good, file('read/only.db'));
    const owner = new Database(file('read/only.db'));
    chmodSync(file('read/only.db'), 0o444);
    chmodSync(file('read'), 0o555);
    const env = {
      REDIS_URL: redis.url,
      DB_PATH: file('read/only.db'),
      HTTP_PORT: '0',
      MILLRACE_ONLY: 'aliases',
      SYNC_INTERVAL: '1',
    };
    const once = await startAsUser(['run', '--once'], env, folder).ended;
    expect(once.code).toBe(0);

    const run = startAsUser(['run'], env, folder);
    await firstPass(run);
    const { aliases, ready } = await status(run);
    expect(ready).toBe(true);
    expect(aliases).toMatchObject({
      mode: 'interval',
      cannotWrite: expect.stringContaining('readonly') as string,
    });
    expect(aliases?.captureGaps).not.toEqual([]);
    chmodSync(file('read'), 0o755);
    owner.exec("UPDATE team_aliases SET team_id = 8 WHERE alias = 'new'");
    chmodSync(file('read'), 0o555);
    await eventually(async () => expect(await redis.client.get('alias:team:new')).toBe('["8"]'), {
      alive: run.ended,
    });
    expect(await stop(run)).not.toMatch(/\bERROR\b/);
    chmodSync(file('read'), 0o755);
    owner.close();
  });

  test.each(modes.map((mode) => [mode.join(' '), mode] as const))(
    '%s: a view, a missing column and a missing table do not keep others from being served',
    async (_words, mode) => {
      const path = file(`tables-${String(mode.length)}.db`);
      const db = new Database(path);
      db.exec(`CREATE TABLE team_aliases (team_id, alias); INSERT INTO team_aliases VALUES (7, 'new');
      CREATE VIEW player_aliases AS SELECT team_id AS player_id, alias FROM team_aliases;
      CREATE TABLE league_aliases (league_id, name); INSERT INTO league_aliases VALUES (1, 'x')`);
      db.close();
      const others = {
        'alias:player:old': '["2"]',
        'alias:league:old': '["3"]',
        'alias:market:old': '["4"]',
      };
      await redis.client.mset(others);
      const env = { REDIS_URL: redis.url, DB_PATH: path, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' };
      const output = await (mode.length === 1 ? untilStopped(env) : outputOf(runCli(mode, env, folder)));
      expect(output).toContain('player_aliases is a view');
      expect(output).toContain('league_aliases has no column alias; it has league_id, name');
      expect(output).toContain('No such table: market_aliases');
      expect(output).toMatch(/→ .*ALIAS_TABLES/);
      expect(await redis.client.get('alias:team:new')).toBe('["7"]');
      expect(await redis.client.exists('alias:team:old')).toBe(0);
      expect(await redis.client.mget(Object.keys(others))).toEqual(Object.values(others));
    },
  );

  test('a database without any alias table leaves Redis as it is, and is no success', async () => {
    writeFileSync(file('empty.db'), '');
    const env = { REDIS_URL: redis.url, DB_PATH: file('empty.db'), HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' };
    const once = await runCli(['run', '--once'], env, folder);
    expect(once.code).toBe(1);
    expect(once.output).toMatch(/No such table: team_aliases[^]*→ Ensure the database exists/);
    const daemon = await startDaemon(env);
    expect(await daemon.status()).toMatchObject({
      ready: false,
      troubles: [expect.stringContaining('none of the alias tables can be served')],
    });
    await daemon.stop();
    expect(await redis.client.mget(Object.keys(earlier))).toEqual(Object.values(earlier));
  });
});

describe('Redis', () => {
  test.each(['redis://:geheim@host:port', 'http://:geheim@localhost', 'redis://u:12/geheim@localhost'])(
    'a malformed REDIS_URL is refused without showing its password: %s',
    async (url) => {
      const output = await refused({ env: { REDIS_URL: url } });
      expect(output).toMatch(/REDIS_URL .*expected redis:\/\//);
      expect(output).not.toContain('geheim');
    },
  );

  test('a wrong password and a missing one are refused without showing any', async () => {
    await redis.client.config('SET', 'requirepass', 'richtig');
    try {
      for (const env of [
        { REDIS_PASSWORD: 'geheim' },
        { REDIS_URL: redis.url.replace('//', '//:geheim@') },
        { REDIS_URL: redis.url.replace('//', '//someone:geheim@') },
        {},
      ]) {
        const own = 'REDIS_PASSWORD' in env ? { start } : {};
        const output = await refused({ env, ...own });
        expect(output).toMatch(/Redis at 127\.0\.0\.1:\d+ refused the password[^]*Set REDIS_PASSWORD/);
        expect(output).not.toMatch(/geheim|richtig/);
      }
    } finally {
      await redis.client.config('SET', 'requirepass', '');
    }
  });

  test('a password where the server asks for none does no harm', async () => {
    const env = {
      REDIS_URL: redis.url,
      REDIS_PASSWORD: 'geheim',
      DB_PATH: good,
      HTTP_PORT: '0',
      MILLRACE_ONLY: 'aliases',
    };
    const { code, output } = await runCli(['run', '--once'], env, folder);
    expect(code).toBe(0);
    expect(output).toContain('does not require a password');
    expect(output).not.toContain('geheim');
    expect(await redis.client.get('alias:team:new')).toBe('["7"]');
  });

  test('a database number the server does not have is refused', async () => {
    expect(await refused({ env: { REDIS_URL: `${redis.url}/99` } })).toMatch(/no such database[^]*REDIS_DB/);
  });

  test('a replica is refused, with the address of its primary', async () => {
    await redis.client.config('SET', 'repl-diskless-sync-delay', '0');
    const replica = await testRedis({ extraArgs: ['--replicaof', '127.0.0.1', String(redis.server.port)] });
    await eventually(async () => expect(await replica.client.exists(...Object.keys(earlier))).toBe(2));
    const output = await refused({ env: { REDIS_URL: replica.url }, client: replica.client });
    expect(output).toMatch(
      new RegExp(`read-only replica of 127\\.0\\.0\\.1:${String(redis.server.port)}[^]*name the primary`),
    );
  });

  test('a cluster node is refused', async () => {
    const node = await testRedis({
      extraArgs: ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
    });
    await node.client.ping(); // its connection is ours, see keptAlive
    const output = await refused({ env: { REDIS_URL: node.url } });
    expect(output).toMatch(/is a cluster node[^]*use a standalone server/);
  });

  test('a full Redis is told and waited for: --once fails, the daemon goes on when there is room again', async () => {
    await redis.client.config('SET', 'maxmemory', '1');
    const env = { REDIS_URL: redis.url, DB_PATH: good, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' };
    try {
      const once = await runCli(['run', '--once'], env, folder);
      expect(once.code).toBe(1);
      expect(once.output).toMatch(/is full: maxmemory is reached[^]*→ Raise maxmemory/);
      expect(once.output).not.toMatch(/^\s+at /m);
      const daemon = await startDaemon(env, { awaitPass: false });
      const said = (what: string) => daemon.log.lines.filter(({ message }) => message.includes(what));
      const alive = daemon.running;
      await eventually(() => expect(said('is full: maxmemory is reached')).toHaveLength(1), { alive });
      expect(await daemon.status()).toMatchObject({
        ready: false,
        aliases: { failure: { code: 'E_REDIS_FULL' } },
      });
      expect(await redis.client.mget(Object.keys(earlier))).toEqual(Object.values(earlier));
      await redis.client.config('SET', 'maxmemory', '0');
      await eventually(async () => expect(await redis.client.get('alias:team:new')).toBe('["7"]'), { alive });
      await eventually(async () => expect((await daemon.status()).ready).toBe(true), { alive });
      await eventually(() => expect(said('recovered')).not.toEqual([]), { alive });
      await daemon.stop();
      // Said when it began, however often it was tried.
      expect(said('is full: maxmemory is reached')).toHaveLength(1);
    } finally {
      await redis.client.config('SET', 'maxmemory', '0');
    }
  });

  test('a Redis that may evict alias keys is warned of and served', async () => {
    await redis.client.config('SET', 'maxmemory', '200mb', 'maxmemory-policy', 'allkeys-lru');
    try {
      const env = { REDIS_URL: redis.url, DB_PATH: good, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' };
      const { code, output } = await runCli(['run', '--once'], env, folder);
      expect(output).toMatch(
        /WARN Redis may evict alias keys \(maxmemory-policy allkeys-lru\)[^]*→ .*noeviction/,
      );
      expect(code).toBe(0);
    } finally {
      await redis.client.config('SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    }
  });

  test('one that does not answer: --once fails with a remedy, the daemon waits until it comes', async () => {
    const port = await freePort();
    const env = {
      REDIS_URL: `redis://127.0.0.1:${String(port)}`,
      DB_PATH: good,
      HTTP_PORT: '0',
      MILLRACE_ONLY: 'aliases',
    };
    const once = await runCli(['run', '--once'], env, folder);
    expect(once.code).toBe(1);
    const message = /Cannot connect to Redis at 127\.0\.0\.1:\d+: connect ECONNREFUSED[^]*→ .*REDIS_URL/;
    expect(once.output).toMatch(message);
    expect(once.output).not.toMatch(/^\s+at /m);
    const run = start(['run'], env, folder);
    await eventually(() => message.test(run.output()), { alive: run.ended });
    await testRedis({ port });
    await firstPass(run);
    await stop(run);
  });
});

test('SYNC_INTERVAL=abc is refused by its name', async () => {
  expect(await refused({ env: { SYNC_INTERVAL: 'abc' } })).toContain(
    'SYNC_INTERVAL="abc" must be a number of seconds',
  );
});
