import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '../../../src/foundation/errors';
import { clusterOf } from '../../../src/embedded/process/server-place';
import { serverUser } from '../../../src/embedded/process/server-user';
import { startDaemon, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { connectTo, emptyDatabase, paste, putFoundTables, roleIn } from '../schema/support/databases';
import { goodFields, writeParents } from '../support/bad-records';
import { untilFailure } from '../support/failure';
import { untilLetters } from '../support/letters';

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
