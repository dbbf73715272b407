import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../../src/embedded/redis/redis';
import { pack } from '../../../src/archive/record/packed';
import { startDaemon, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import {
  plainDataset,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { archived } from '../support/census';
import { faultProxy, through } from '../support/fault-proxy';
import { caughtUp, inStep } from '../support/in-step';

/** Redis starts over, and the same ids come back meaning other records. The interval is an hour: what heals here was noticed. */
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-identity-'));
let redis: TestRedis;
let postgres: TestDatabase;

beforeAll(async () => {
  redis = await testRedis({ dataDir });
  postgres = await testPostgres();
});
beforeEach(async () => {
  await eventually(() => redis.client.flushall());
  await postgres.renew();
});

const start = (changes: Readonly<Record<string, string>> = {}) =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600', ...changes });

/** A model with a bit of everything; returns its version's id and creation time. */
async function writeWorld(name: string, predictions = 10): Promise<{ version: number; created: string }> {
  const { client } = redis;
  const model = await plainModel(client, { name: `${name} model` });
  const created = `${new Date().toISOString().slice(0, -1)}123`;
  const version = await plainVersion(client, model, { version: `${name} version`, created_at: created });
  const dataset = await plainDataset(client, { name: `${name} dataset` });
  const dataset_id = String(dataset);
  const run = await plainRun(client, version, { run_name: `${name} run`, dataset_id });
  await plainHyperparams(client, run, { lr: name });
  for (let epoch = 1; epoch <= 3; epoch++) await plainMetric(client, run, { epoch, value: String(epoch) });
  for (let n = 0; n < predictions; n++) await plainPrediction(client, version, { input: `"${name} ${n}"` });
  return { version, created };
}

/** Every row of every table, byte for byte. */
async function rows(): Promise<string[]> {
  const tables = [
    'models',
    'model_versions',
    'datasets',
    'training_runs',
    'hyperparameters',
    'metrics',
    'predictions',
  ];
  const all: string[] = [];
  for (const table of tables) {
    for (const { row } of await postgres.query(`SELECT t::text AS row FROM ${table} t`))
      all.push(`${table} ${String(row)}`);
  }
  return all;
}

/** A full pass, asked for. */
const archivePass = (daemon: TestDaemon) => daemon.control.reconcile('archive');
const settled = (daemon: TestDaemon, kept = {}) => inStep({ redis, postgres }, daemon.running, kept);
const reports = (daemon: TestDaemon, pattern: RegExp) =>
  eventually(async () =>
    expect((await daemon.status()).archive.incidents.map(({ what }) => what)).toContainEqual(
      expect.stringMatching(pattern),
    ),
  );

async function restartEmpty(): Promise<void> {
  const { port } = redis.server;
  redis.server.kill('SIGKILL');
  await redis.server.exited;
  redis.server = await startRedis({ dataDir, persist: false, port });
  await eventually(() => redis.client.ping());
}

async function restore(snapshot: string): Promise<void> {
  const { port } = redis.server;
  redis.server.kill('SIGKILL');
  await redis.server.exited;
  copyFileSync(snapshot, join(dataDir, 'dump.rdb'));
  redis.server = await startRedis({ dataDir, persist: false, port });
  await eventually(() => redis.client.ping());
}

test.each(['keep', 'delete'])(
  'after a flush the same ids are new rows under new parents, and the old rows stay as they are (ON_DELETE=%s)',
  async (onDelete) => {
    const daemon = await start({ ON_DELETE: onDelete });
    await writeWorld('old');
    await settled(daemon);
    const kept = await archived(postgres);
    const before = await rows();
    await redis.client.flushall();
    await writeWorld('new', 15);
    await settled(daemon, kept);
    expect(await rows()).toEqual(expect.arrayContaining(before));
    await reports(daemon, /Redis went backwards/);
  },
);

test('after a restart of an empty Redis the same ids are new rows, and the old ones stay as they are', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeWorld('old');
  await settled(daemon);
  const kept = await archived(postgres);
  const before = await rows();
  await restartEmpty();
  await writeWorld('new', 15);
  await settled(daemon, kept);
  expect(await rows()).toEqual(expect.arrayContaining(before));
  await reports(daemon, /Redis went backwards/);
});

test('after a restore from an older snapshot what came after it stays, and its ids are new rows', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeWorld('first');
  await settled(daemon);
  await redis.client.save();
  const snapshot = join(dataDir, 'older.rdb');
  copyFileSync(join(dataDir, 'dump.rdb'), snapshot);
  await writeWorld('lost');
  await settled(daemon);
  const kept = await archived(postgres);
  const before = await rows();
  await restore(snapshot);
  // As many as were lost, and more: ids, counters and entries soon look as if nothing had happened.
  await writeWorld('new', 30);
  await settled(daemon, kept);
  expect(await rows()).toEqual(expect.arrayContaining(before));
  await reports(daemon, /Redis went backwards/);
});

test('a flush while the daemon is down is noticed when it comes back', async () => {
  const first = await start({ ON_DELETE: 'delete' });
  await writeWorld('old');
  await settled(first);
  await first.stop();
  const kept = await archived(postgres);
  const before = await rows();
  await redis.client.flushall();
  await writeWorld('new', 40);
  const second = await start({ ON_DELETE: 'delete' });
  await settled(second, kept);
  expect(await rows()).toEqual(expect.arrayContaining(before));
  await reports(second, /Redis went backwards/);
});

test('a flush that is at once overwritten with more than there was is still noticed', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeWorld('old', 1);
  await settled(daemon);
  const kept = await archived(postgres);
  const before = await rows();
  await redis.client.flushall();
  for (let world = 0; world < 5; world++) await writeWorld(`new ${world}`, 30);
  await settled(daemon, kept);
  await reports(daemon, /Redis went backwards/);
  await redis.client.del('aidb:prediction:1', 'aidb:metric:1:loss:train', 'aidb:hyperparam:1');
  const { version } = await writeWorld('later', 0);
  const later = await plainPrediction(redis.client, version, { input: '"later"' });
  await caughtUp({ redis, postgres }, daemon.running);
  await redis.client.del(`aidb:prediction:${later}`);
  await eventually(async () =>
    expect(await postgres.query(`SELECT FROM predictions WHERE input_data::text = '"later"'`)).toEqual([]),
  );
  expect(await rows()).toEqual(expect.arrayContaining(before));
});

test('records deleted right after a flush take no row of their predecessors with them (ON_DELETE=delete)', async () => {
  const daemon = await start({ ON_DELETE: 'delete' });
  await writeWorld('old');
  await settled(daemon);
  const before = await rows();
  await redis.client.flushall();
  const { version } = await writeWorld('new');
  const keys = [
    'prediction:1',
    'prediction:2',
    'metric:1:loss:train',
    'hyperparam:1',
    'run:1',
    'version:1',
    'model:1',
  ];
  await redis.client.del(keys.map((key) => `aidb:${key}`));
  await reports(daemon, /Redis went backwards/);
  await plainPrediction(redis.client, version, { input: '"later"' });
  await caughtUp({ redis, postgres }, daemon.running);
  expect(await rows()).toEqual(expect.arrayContaining(before));
});

test('what was written before a flush and is applied after it belongs to the old parents or waits, never to the new', async () => {
  const daemon = await start({ MIRROR: 'off' });
  const old = await writeWorld('old', 0);
  await daemon.stop();
  const again = await start({ MIRROR: 'off' });
  await settled(again);
  await redis.client.flushall();
  const entry = (id: number, created: string, input: string) =>
    pack([
      String(id),
      created,
      String(old.version),
      input,
      '{}',
      '0',
      '0',
      '2026-01-01T00:00:00.000001',
      '{}',
    ]);
  await redis.client.xadd(
    'millrace:changes',
    '*',
    'prediction=',
    entry(1, old.created, '"of the old version"'),
  );
  await redis.client.xadd(
    'millrace:changes',
    '*',
    'prediction=',
    entry(2, '2025-12-31T00:00:00', '"of a lost version"'),
  );
  await reports(again, /Redis went backwards/);
  await writeWorld('new', 3);
  for (const kind of ['model', 'version']) await redis.client.xadd('millrace:changes', '*', kind, '1');
  await eventually(async () =>
    expect(
      await postgres.query(
        `SELECT p.redis_id, v.version FROM predictions p JOIN model_versions v ON v.id = p.model_version_id`,
      ),
    ).toEqual([{ redis_id: '1', version: 'old version' }]),
  );
  await eventually(async () =>
    expect(await postgres.query('SELECT version FROM model_versions ORDER BY 1')).toEqual([
      { version: 'new version' },
      { version: 'old version' },
    ]),
  );
  await eventually(async () =>
    expect(
      await postgres.query('SELECT key, code, waiting_for, attempts > 1 AS again FROM millrace.dead_letters'),
    ).toEqual([{ key: 'aidb:prediction:2', code: 'E_PARENT', waiting_for: 'version:1', again: true }]),
  );
});

test('what the daemon had read when Redis was flushed and could not write yet gets no new parent', async () => {
  const proxy = await faultProxy(Number(new URL(postgres.url).port));
  const daemon = await start({ POSTGRES_URL: through(proxy, postgres.url), ON_DELETE: 'delete' });
  await writeWorld('old');
  await settled(daemon);
  const kept = await archived(postgres);
  const before = await rows();
  proxy.block();
  for (let n = 0; n < 10; n++) await plainPrediction(redis.client, 1, { input: '"in between"' });
  await redis.client.del('aidb:prediction:3');
  await eventually(() => redis.client.xlen('millrace:changes').then((length) => length > 1));
  await redis.client.flushall();
  await writeWorld('new', 40);
  proxy.open();
  await reports(daemon, /Redis went backwards/);
  await eventually(async () => {
    const [row] = await postgres.query(
      `SELECT count(*)::int AS count FROM predictions WHERE input_data::text LIKE '"new%'`,
    );
    expect(row).toEqual({ count: 40 });
  });
  const [row] = await postgres.query(
    `SELECT count(*)::int AS count FROM predictions p JOIN model_versions v ON v.id = p.model_version_id
     WHERE (input_data::text LIKE '"new%') <> (version = 'new version')`,
  );
  expect(row).toEqual({ count: 0 });
  const prediction3 = (line: string) => /^predictions .*"old 2"/.test(line);
  expect(await rows()).toEqual(expect.arrayContaining(before.filter((line) => !prediction3(line))));
  expect(kept['models']).toEqual([expect.stringMatching(/^old model/)]);
});

/** Seconds by which the clocks of writers are wrong, before and after a flush: naive local times are hours. */
test.each([
  ['ahead, then right', 60, 0],
  ['hours ahead, then right', 8 * 3600, 0],
  ['right, then hours behind', 0, -8 * 3600],
  ['days ahead all the time', 90_000, 90_000],
  ['ahead, then back', 3600, -3600],
])('a deletion takes the record of its own life of Redis, with clocks %s', async (_name, before, after) => {
  const { client } = redis;
  const daemon = await start({ ON_DELETE: 'delete' });
  const write = async (name: string, skew: number) => {
    let second = 0;
    const there = (await rows()).length;
    const at = () => new Date(Date.now() + (skew + second++) * 1000).toISOString().slice(0, -1);
    const version = await plainVersion(client, await plainModel(client, { name, created_at: at() }), {
      created_at: at(),
    });
    for (let n = 1; n <= 3; n++) {
      const run = await plainRun(client, version, { run_name: `${name} ${n}`, started_at: at() });
      await plainHyperparams(client, run, { lr: name });
      await plainMetric(client, run, { epoch: n, name, timestamp: at() });
      await plainPrediction(client, version, { input: `"${name} ${n}"`, timestamp: at() });
    }
    await eventually(async () => expect(await rows()).toHaveLength(there + 14));
  };
  await write('old', before);
  const old = await rows();
  await client.flushall();
  // What comes before a flush is noticed may be of either life, and stays.
  await reports(daemon, /Redis went backwards/);
  await write('new', after);
  const all = await rows();
  await client.del('aidb:prediction:2', 'aidb:hyperparam:2', 'aidb:metric:2:new:train', 'aidb:run:2');
  await caughtUp({ redis, postgres }, daemon.running);
  await eventually(async () => expect((await rows()).length).toBe(all.length - 4));
  expect(await rows()).toEqual(expect.arrayContaining(old));
});

test('what was parked before a flush and lands after it is none of the records that have its id by then', async () => {
  const { client } = redis;
  const daemon = await start({ ON_DELETE: 'delete' });
  const created = '2026-01-01T00:00:00';
  const parked = pack(['1', created, '1', '"old"', '{}', '0', '0', '2026-01-02T00:00:00', '{}']);
  await client.xadd('millrace:changes', '*', 'prediction=', parked);
  await eventually(async () =>
    expect(await postgres.query('SELECT key FROM millrace.dead_letters')).toEqual([
      { key: 'aidb:prediction:1' },
    ]),
  );
  await client.flushall();
  await reports(daemon, /Redis went backwards/);
  await plainVersion(client, await plainModel(client), { created_at: created });
  const inputs = async (expected: readonly string[]) =>
    eventually(async () =>
      expect(await postgres.query('SELECT input_data::text AS input FROM predictions ORDER BY 1')).toEqual(
        expected.map((input) => ({ input })),
      ),
    );
  await inputs(['"old"']);
  const id = await plainPrediction(client, 1, { input: '"new"' });
  await inputs(['"new"', '"old"']);
  await client.del(`aidb:prediction:${id}`);
  await inputs(['"old"']);
});

test('a Redis that goes back again and again is followed each time: all that is seen, or there at the end, is archived', async () => {
  const { client } = redis;
  const daemon = await start({ MIRROR: 'off' });
  await writeWorld('first', 3);
  await archivePass(daemon);
  // Database 1 has the state to go back to, our own word of the incarnation in it.
  const copy = async (from: number, to: number) => {
    const script = `redis.call('SELECT', ARGV[1]) local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do all[key] = redis.call('DUMP', key) end
      redis.call('SELECT', ARGV[2]) redis.call('FLUSHDB') for key, value in pairs(all) do redis.call('RESTORE', key, 0, value) end`;
    await client.eval(script, 0, from, to);
  };
  await copy(0, 1);
  const archivedInputs = async () =>
    (await postgres.query('SELECT input_data::text AS input FROM predictions')).map(({ input }) =>
      String(input),
    );
  const began = Date.now();
  for (let round = 1; round <= 5; round++) {
    await copy(1, 2);
    await client.swapdb(0, 2);
    const wanted = Array.from({ length: 25 - 4 * round }, (_unused, n) => `"round ${round}, ${n}"`);
    for (const input of wanted)
      await client.xadd('millrace:changes', '*', 'prediction', await plainPrediction(client, 1, { input }));
    // Not one of them is there any more in the next round, which begins when this one was looked at.
    await eventually(async () => expect(await archivedInputs()).toEqual(expect.arrayContaining(wanted)), {
      alive: daemon.running,
      within: 8_000,
    });
    const last = (await client.xrevrange('millrace:changes', '+', '-', 'COUNT', 1))[0]?.[0];
    await eventually(async () =>
      expect(
        await postgres.query(`SELECT seen #>> '{stream,lastGeneratedId}' AS last FROM millrace.checkpoint`),
      ).toEqual([{ last }]),
    );
  }
  expect(daemon.log.lines.filter(({ message }) => message.includes('another Millrace'))).toEqual([]);
  expect(Date.now() - began).toBeLessThan(30_000);
  const { archive } = await daemon.status();
  expect(
    archive.incidents.filter(({ what }) => what.includes('went backwards')).length,
  ).toBeGreaterThanOrEqual(4); // at the first there was nothing yet to go back from
});

test('two archives that share a Redis are told so, and what is there in the meantime is archived by both', async () => {
  const other = await testPostgres();
  const daemon = await start();
  await writeWorld('shared', 3);
  await settled(daemon);
  const rival = await startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: other.url, SYNC_INTERVAL: '3600' });
  await eventually(
    () =>
      [daemon, rival].some(({ log }) =>
        log.lines.some(({ message }) => message.includes('another Millrace archives the same Redis')),
      ),
    { within: 20_000 },
  );
  const counts = (database: TestDatabase) => database.query('SELECT count(*)::int AS count FROM predictions');
  expect(await counts(postgres)).toEqual([{ count: 3 }]);
  await eventually(async () => expect(await counts(other)).toEqual([{ count: 3 }]));
});
