import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../../src/errors';
import { clusterOf } from '../../src/embedded/postgres-place';
import { freePort } from '../../src/embedded/redis-ask';
import { serverUser } from '../../src/embedded/server-user';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { connectTo, emptyDatabase, paste, putFoundTables, roleIn } from './schema/support/databases';
import { goodFields, writeParents } from './support/bad-records';
import { untilLetters } from './support/letters';

// A Postgres that is not as it should be: one clear message with the remedy, nothing lost, and on it goes when it is mended.

let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  postgres = await testPostgres();
});

const settings = (url = postgres.url) => ({ REDIS_URL: redis.url, POSTGRES_URL: url });
const start = (url?: string, awaitPass = true): Promise<TestDaemon> =>
  startDaemon(settings(url), { awaitPass });

const count = async (table: string, where = 'true'): Promise<number> =>
  Number((await postgres.query(`SELECT count(*) FROM ${table} WHERE ${where}`))[0]?.['count']);
const until = (daemon: TestDaemon, table: string, rows: number, within = 10_000) =>
  eventually(async () => expect(await count(table)).toBe(rows), { alive: daemon.running, within });

const predict = (id: number, fields: Record<string, string> = {}) =>
  redis.client.hset(`aidb:prediction:${id}`, { ...goodFields['prediction'], ...fields });

/** Waits until the daemon says what is wrong: in its status, on /readyz, and in the log. @returns what it says */
async function untilFailure(daemon: TestDaemon, code: string) {
  let failure: { message: string; hint?: string } | undefined;
  await eventually(
    async () => {
      const { archive } = await daemon.status();
      expect(archive.failure).toMatchObject({ code });
      failure = archive.failure ?? undefined;
    },
    { alive: daemon.running },
  );
  const ready = await fetch(`${daemon.url}/readyz`);
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(code)]);
  expect(daemon.log.lines.filter(({ message }) => message === failure?.message)).not.toEqual([]);
  return failure;
}

const untilWell = (daemon: TestDaemon) =>
  eventually(async () => expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200), {
    alive: daemon.running,
  });

test('what is too long for an adopted table is parked with its column; a table of ours takes any length', async () => {
  await putFoundTables(await connectTo(postgres.url));
  const { client } = redis;
  await writeParents(client);
  const long = 'ی'.repeat(300);
  await client.hset('aidb:model:2', { ...goodFields['model'], name: long });
  await client.hset('aidb:model:3', { ...goodFields['model'], name: 'ی'.repeat(255) });
  await client.hset('aidb:model:4', { ...goodFields['model'], name: `${'a'.repeat(255)}   ` }); // cut by Postgres
  await client.hset('aidb:version:2', { ...goodFields['version'], version: long });
  await client.hset('aidb:hyperparam:1', { [long]: '1', lr: '2', value: long });
  await client.hset('aidb:exprun:1:1', { variant_name: long });
  await client.zadd(
    'aidb:metric:1:a:b',
    1,
    `{"metric_name": "${long}"}`,
    2,
    '{"metric_name": "loss", "epoch": 3000000000}',
  );
  await client.zadd('aidb:metric:1:a:b', 3, '{"metric_name": "loss"}');
  const daemon = await start();
  await untilLetters(
    postgres,
    [
      ...['aidb:model:2 22001 name', 'aidb:version:2 22001 version', 'aidb:hyperparam:1 22001 param_name'],
      ...[
        'aidb:exprun:1:1 22001 variant_name',
        'aidb:metric:1:a:b 22001 metric_name',
        'aidb:metric:1:a:b 22003 epoch',
      ],
    ],
    daemon,
  );
  expect(await count('models', 'length(name) = 255')).toBe(2);
  expect(await count('hyperparameters', 'redis_key IS NOT NULL')).toBe(2);
  await until(daemon, 'metrics', 4); // three were there
  await daemon.stop();

  const fresh = await testPostgres();
  await start(fresh.url);
  await eventually(async () => {
    expect(await fresh.query('SELECT key, message FROM millrace.dead_letters')).toEqual([]);
    expect((await fresh.query('SELECT count(*)::int AS n FROM models WHERE length(name) = 300'))[0]).toEqual({
      n: 1,
    });
  });
});

test('a table that is extended while the daemon runs changes nothing', async () => {
  await writeParents(redis.client);
  const daemon = await start();
  await predict(1);
  await until(daemon, 'predictions', 1);
  for (const table of ['predictions', 'models', 'metrics'])
    await postgres.query(`ALTER TABLE ${table} ADD COLUMN note text, ADD COLUMN rank int NOT NULL DEFAULT 7`);
  await predict(2);
  await redis.client.hset('aidb:model:1', 'description', 'changed');
  await redis.client.zadd('aidb:metric:1:a:b', 1, '{"metric_name": "loss"}');
  await until(daemon, 'predictions', 2);
  await until(daemon, 'metrics', 1);
  await eventually(async () => (await count('models', "description = 'changed' AND rank = 7")) === 1);
  expect((await daemon.status()).archive.failure).toBeNull();
});

test.each([
  [
    'a table that is renamed',
    'ALTER TABLE predictions RENAME TO old_predictions',
    'ALTER TABLE old_predictions RENAME TO predictions',
    'predictions',
  ],
  [
    'a column that is renamed',
    'ALTER TABLE predictions RENAME confidence TO sureness',
    'ALTER TABLE predictions RENAME sureness TO confidence',
    'confidence',
  ],
  [
    'a table of ours that is renamed',
    'ALTER TABLE millrace.id_map RENAME TO ids',
    'ALTER TABLE millrace.ids RENAME TO id_map',
    'id_map',
  ],
])(
  '%s while the daemon runs is told, and all goes on when it is renamed back',
  async (_what, away, back, name) => {
    await writeParents(redis.client);
    const daemon = await start();
    await predict(1);
    await until(daemon, 'predictions', 1);
    await postgres.query(away);
    await redis.client.hset('aidb:model:2', { ...goodFields['model'], name: 'another' });
    await predict(2);
    const failure = await untilFailure(daemon, name === 'confidence' ? 'E_PG_SCHEMA' : 'E_PG_NOT_MIGRATED');
    expect(failure?.message).toContain(name);
    expect(failure?.hint).toMatch(/millrace migrate|RENAME COLUMN/);
    await postgres.query(back);
    await until(daemon, 'predictions', 2);
    await until(daemon, 'models', 2);
    await untilWell(daemon);
  },
);

test('a column that is missing at the start is one message with the statement that mends it', async () => {
  const database = await emptyDatabase();
  await putFoundTables(database.admin);
  await database.admin.query('ALTER TABLE metrics RENAME metric_value TO value');
  await expect(start(database.url)).rejects.toMatchObject({
    code: 'E_PG_SCHEMA',
    message: expect.stringContaining('public.metrics has no column metric_value') as string,
    hint: expect.stringContaining('RENAME COLUMN "value" TO "metric_value"') as string,
  });
});

test('a role that may only read is told what to grant, and granted it goes on', async () => {
  await (await start()).stop();
  const admin = await connectTo(postgres.url);
  const role = await roleIn({ url: postgres.url, admin });
  await admin.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO "${role.name}"`);
  const refused = await start(role.url).catch((error: unknown) => describeError(error));
  expect(refused).toMatchObject({
    code: 'E_PG_GRANT',
    hint: expect.stringContaining(`TO "${role.name}"`) as string,
  });
  let hint = 'hint' in refused ? refused.hint : '';
  for (let turn = 0; turn < 5 && hint !== ''; turn++) {
    await paste(admin, hint);
    const next = await start(role.url).catch((error: unknown) => describeError(error));
    hint = 'hint' in next ? (next.hint ?? '') : '';
  }
  await writeParents(redis.client);
  await eventually(async () => expect(await count('models')).toBe(1));
});

test('a database that has become read-only is told, and all goes on when it may be written again', async () => {
  await writeParents(redis.client);
  const daemon = await start();
  const database = new URL(postgres.url).pathname.slice(1);
  const disconnect =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace-%' AND datname = current_database()";
  await postgres.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await postgres.query(disconnect);
  await predict(1);
  const failure = await untilFailure(daemon, 'E_PG_READ_ONLY');
  expect(failure?.hint).toContain('may write');
  await postgres.query(
    `BEGIN; SET TRANSACTION READ WRITE; ALTER DATABASE ${database} RESET default_transaction_read_only; COMMIT`,
  );
  await postgres.query(disconnect);
  await until(daemon, 'predictions', 1);
  await untilWell(daemon);
});

const disk = tinyDisk();
const testWithDisk = disk === undefined ? test.skip : test;
testWithDisk(
  'a full disk is told, and all that was held back lands when there is room again',
  async () => {
    await postgres.query(`CREATE TABLESPACE tiny LOCATION '${disk?.folder ?? ''}'`);
    try {
      await writeParents(redis.client);
      const daemon = await start();
      await postgres.query('ALTER TABLE predictions SET TABLESPACE tiny');
      const json = () => `"${Array.from({ length: 2_000 }, () => Math.random().toString(36)).join('')}"`;
      for (let id = 1; id <= 400; id++) await predict(id, { input: json() });
      const failure = await untilFailure(daemon, 'E_PG_DISK');
      expect(failure?.hint).toContain('disk');
      expect(await count('millrace.dead_letters')).toBe(0);
      disk?.enlarge();
      await until(daemon, 'predictions', 400, 20_000);
      await untilWell(daemon);
      await daemon.stop();
    } finally {
      await postgres.query('ALTER TABLE predictions SET TABLESPACE pg_default');
      await postgres.query('DROP TABLESPACE tiny');
    }
  },
  60_000,
);

/** A file system of 8 MB, where this process may mount one. */
function tinyDisk(): { readonly folder: string; readonly enlarge: () => void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    process.stderr.write(
      `no test of a full disk: mount is not permitted here (${describeError(error).message})\n`,
    );
    rmSync(folder, { recursive: true });
    return undefined;
  }
  afterAll(() => {
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  });
  const user = serverUser(clusterOf(tmpdir()));
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  return { folder, enlarge: () => execFileSync('mount', ['-o', 'remount,size=256m', folder]) };
}

const secret = 'gRzx0-secret';
const refusal = async (url: string | undefined) => {
  const environment = { REDIS_URL: redis.url, MILLRACE_ONLY: 'archive', ...(url && { POSTGRES_URL: url }) };
  const refused = await startDaemon(environment).then(
    () => undefined,
    (error: unknown) => describeError(error),
  );
  expect(JSON.stringify(refused)).not.toContain(secret);
  return refused;
};
const changed = (change: (url: URL) => void): string => {
  const url = new URL(postgres.url);
  change(url);
  return url.href;
};

test('without POSTGRES_URL it says which three ways there are', async () => {
  const refused = await refusal(undefined);
  expect(refused).toMatchObject({ code: 'E_POSTGRES_URL', message: 'POSTGRES_URL not set' });
  for (const way of ['postgresql://', '--only aliases', '--embedded']) expect(refused?.hint).toContain(way);
});

test.each(['not a url', 'mysql://u:gRzx0-secret@host/db', 'postgresql://u:gRzx0-secret%@host/db'])(
  '%s is refused as POSTGRES_URL, without a word of it',
  async (url) => {
    const refused = await refusal(url);
    expect(refused?.message).toMatch(/POSTGRES_URL/);
    expect(refused?.message).toContain('postgresql://user:password@host:port/database');
  },
);

test('a wrong password, a wrong user and a database that does not exist stop it with the remedy', async () => {
  expect(await refusal(changed((url) => (url.password = secret)))).toMatchObject({
    code: 'E_PG_AUTH',
    hint: expect.stringContaining('POSTGRES_URL') as string,
  });
  expect(await refusal(changed((url) => (url.username = 'nobody')))).toMatchObject({ code: 'E_PG_AUTH' });
  expect(await refusal(changed((url) => (url.pathname = '/nowhere')))).toMatchObject({
    code: 'E_PG_DATABASE',
    message: expect.stringContaining('nowhere') as string,
    hint: expect.stringContaining('CREATE DATABASE') as string,
  });
});

test('a Postgres that does not answer is waited for, and the password is in no message', async () => {
  const port = await freePort();
  const url = changed((one) => {
    one.port = String(port);
    one.password = secret;
  });
  const daemon = await start(url, false);
  const failure = await untilFailure(daemon, 'E_PG_UNREACHABLE');
  expect(failure?.message).toContain(`127.0.0.1:${port}`);
  expect(failure?.hint).toMatch(/POSTGRES_URL.*--embedded/);
  expect(JSON.stringify([daemon.log.lines, await daemon.status()])).not.toContain(secret);
});
