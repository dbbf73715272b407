import { CaptureWatch } from '../../src/archive/capture-watch';
import { MemoryForecast } from '../../src/archive/memory-forecast';
import { entryIdsAfter } from '../../src/archive/stream/entry-ids';
import { readRedisFacts } from '../../src/archive/position/redis-facts';
import { lastEntryId } from '../../src/archive/tail/stream-tail';
import { scanWaiting } from '../../src/archive/inspect/trace-stream';
import { loadConfig } from '../../src/config/load';
import { openLog } from '../../src/log/log';
import { RedisConnection } from '../../src/connections/redis';
import { eventually } from '../support/eventually';
import {
  plainDataset,
  plainExperiment,
  plainExprun,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../support/plain-writer';
import { useArchive } from './support/archive';
import { daysAgo, retain } from './support/retention';
import { toldOf, warmed } from './support/warm';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { kinds } from '../support/nine-kinds';

/** What is larger than MAX_RECORD_SIZE, wherever it is written: it is parked, and everything else goes on. */
const archive = useArchive();

const limit = { MAX_RECORD_SIZE: '1MB' };
const megabyte = 1024 * 1024;
const json = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
const large = json(megabyte + 1);
const parked = async () => (await archive.letters()).map(({ key, code }) => `${key} ${code}`);
const untilParked = (...expected: readonly string[]) =>
  eventually(async () => expect(await parked()).toEqual(expected));
const count = async (table: string) => Number((await archive.lines(`SELECT count(*) FROM ${table}`))[0]);

/** A record of each kind, in the order of their keys: which field is made too large. */
const fields = [
  ['aidb:dataset:1', 'split_info'],
  ['aidb:experiment:1', 'results'],
  ['aidb:exprun:1:1', 'notes'],
  ['aidb:hyperparam:1', 'lr'],
  ['aidb:model:2', 'description'],
  ['aidb:prediction:1', 'output'],
  ['aidb:run:2', 'artifacts'],
  ['aidb:version:2', 'config'],
] as const;
const tables = 'datasets experiments experiment_runs hyperparameters models predictions training_runs model_versions'; // prettier-ignore

async function writeOfEachKind(): Promise<void> {
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client));
  const run = await plainRun(client, version);
  await plainVersion(client, await plainModel(client, { name: 'other' }));
  await plainRun(client, version);
  await plainDataset(client);
  await plainExprun(client, await plainExperiment(client), run);
  await plainHyperparams(client, run, { lr: '0.1', momentum: '0.9' });
  await plainPrediction(client, version);
}

test.each(['found by a pass', 'told by the mirror'])(
  'a record of any kind that is too large is parked with its key and size, %s, and lands when it is smaller',
  async (how) => {
    await writeOfEachKind();
    const { client } = archive.redis;
    const whole = await Promise.all(fields.map(([key, field]) => client.hget(key, field)));
    const enlarge = () => Promise.all(fields.map(([key, field]) => client.hset(key, field, large)));
    if (how === 'found by a pass') await enlarge();
    const daemon = await archive.start(limit);
    if (how !== 'found by a pass') await enlarge();
    await untilParked(...fields.map(([key]) => `${key} E_TOO_LARGE`));
    for (const { message } of await archive.letters())
      expect(message).toMatch(/has 1\d{6} bytes in Redis, more than MAX_RECORD_SIZE \(1048576\)/);
    await plainModel(client, { name: 'good' });
    await eventually(async () => (await archive.lines(`SELECT name FROM models WHERE name = 'good'`)).length);
    await Promise.all(fields.map(([key, field], index) => client.hset(key, field, whole[index] ?? '')));
    await untilParked();
    for (const table of tables.split(' ')) expect(await count(table)).toBeGreaterThan(0);
    await archive.pass(daemon);
    expect(await archive.differences()).toEqual({});
  },
);

test('a hash of very many fields, and one that is large only in what is no column', async () => {
  const { client } = archive.redis;
  const run = await plainRun(client, await plainVersion(client, await plainModel(client)));
  await client.eval(`for i = 1, 20000 do redis.call('HSET', KEYS[1], i, i) end`, 1, `aidb:hyperparam:${run}`);
  await client.hset('aidb:model:1', 'something else', large);
  const daemon = await archive.start(limit);
  await untilParked('aidb:hyperparam:1 E_TOO_LARGE');
  expect(await count('models')).toBe(1);
  await client.del('aidb:hyperparam:1');
  await plainHyperparams(client, run, { lr: '0.1' });
  await untilParked();
  await archive.becomes('SELECT param_name FROM hyperparameters', ['lr']);
  await archive.pass(daemon);
  expect(await parked()).toEqual([]);
});

test('of a metric only the point that is too large is parked; the others land, as many as there are', async () => {
  const { client } = archive.redis;
  const run = await plainRun(client, await plainVersion(client, await plainModel(client)));
  for (let epoch = 1; epoch <= 5; epoch++) await plainMetric(client, run, { epoch });
  await client.zadd('aidb:metric:1:loss:train', 3, large);
  const daemon = await archive.start(limit);
  await untilParked('aidb:metric:1:loss:train E_TOO_LARGE');
  await plainMetric(client, run, { epoch: 9 });
  await archive.becomes('SELECT epoch FROM metrics ORDER BY epoch', ['1', '2', '3', '4', '5', '9']);
  await archive.pass(daemon);
  expect(await parked()).toEqual(['aidb:metric:1:loss:train E_TOO_LARGE']);
  await client.zrem('aidb:metric:1:loss:train', large);
  await archive.pass(daemon);
  await untilParked();
});

test('records that are large together, but not alone, land: by name, by value, and as parents of one', async () => {
  const { client } = archive.redis;
  const model = await plainModel(client, { description: json(900_000) });
  for (let at = 0; at < 5; at++) {
    const version = await plainVersion(client, model, { version: `${at}`, config: json(1_000_000) });
    await plainPrediction(client, version, { input: json(1_000_000) });
  }
  const daemon = await archive.start(limit);
  await eventually(async () => expect(await count('predictions')).toBe(5));
  // An entry of 18 MB.
  const list = Array.from({ length: 20 }, () => ({ modelVersionId: 1, input: json(900_000), output: 1 }));
  await archive.store.logPredictions(list);
  await eventually(async () => expect(await count('predictions')).toBe(25), { alive: daemon.running });
  expect(await parked()).toEqual([]);
});

test('a record that comes by value and is too large is parked under its key', async () => {
  const { client } = archive.redis;
  await plainVersion(client, await plainModel(client));
  const daemon = await archive.start(limit);
  const id = await archive.store.logPrediction({ modelVersionId: 1, input: json(2 * megabyte), output: 1 });
  await archive.store.logPrediction({ modelVersionId: 1, input: 1, output: 1 });
  await untilParked(`aidb:prediction:${id} E_TOO_LARGE`);
  await eventually(async () => expect(await count('predictions')).toBe(1));
  await client.hset(`aidb:prediction:${id}`, 'input', '1');
  await archive.pass(daemon);
  await untilParked();
  expect(await count('predictions')).toBe(2);
});

/** Entries that a stranger, or an application gone wrong, may write: larger than what is read at once (17 MB). */
const entries: readonly (readonly [string, () => readonly (string | Buffer)[]])[] = [
  ['a value of 30 MB', () => ['model', Buffer.alloc(30_000_000)]],
  ['a field of 30 MB', () => [Buffer.alloc(30_000_000), '1']],
  ['100,000 fields', () => new Array<string>(200_000).fill('model')],
  ['a value that is packed, and damaged', () => ['prediction=', Buffer.alloc(30_000_000, '9')]],
];

test.each(entries)(
  'an entry of %s stops nothing; it is parked, and what it may have told is looked for',
  async (_what, fields) => {
    const { client } = archive.redis;
    const daemon = await archive.start({ ...limit, MIRROR: 'off' });
    const before = (await daemon.status()).archive.lastPass?.startedAt;
    await plainModel(client, { name: 'told by it alone' });
    await client.call('XADD', ['millrace:changes', '*', ...fields()]);
    await archive.store.createModel({ name: 'behind it' });
    await archive.becomes('SELECT name FROM models ORDER BY id', ['behind it', 'told by it alone']);
    expect(await parked()).toEqual([expect.stringMatching(/^millrace:changes \d+-\d+ E_TOO_LARGE$/)]);
    await eventually(async () => (await daemon.status()).archive.lastPass?.startedAt !== before, {
      alive: daemon.running,
    });
    // It does not stay as the witness of the position: it would be read once a second.
    await eventually(async () => ((await client.memory('USAGE', 'millrace:changes')) ?? 0) < megabyte);
    expect(daemon.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  },
);

test.each(['foreign=', 'model='])(
  'an entry of %s that is far too large is not read inside Redis',
  async (field) => {
    const { client } = archive.redis;
    await archive.start({ ...limit, MIRROR: 'off' });
    await client.call('XADD', ['millrace:changes', '*', field, Buffer.alloc(30_000_000)]);
    await untilParked(expect.stringMatching(/^millrace:changes /) as string);
    expect((await archive.letters())[0]?.message).toMatch(/^the entry was far larger than MAX_RECORD_SIZE/);
  },
);

test('a daemon that is started where such entries are goes past them, and past a hash that they name', async () => {
  const { client } = archive.redis;
  await plainVersion(client, await plainModel(client));
  const id = await plainPrediction(client, 1, { output: large });
  for (const [, fields] of entries) await client.call('XADD', ['millrace:changes', '*', ...fields()]);
  await client.xadd('millrace:changes', '*', 'prediction', String(id));
  const daemon = await archive.start({ ...limit, MIRROR: 'off' });
  await archive.store.createModel({ name: 'behind them' });
  await archive.becomes(`SELECT name FROM models WHERE name = 'behind them'`, ['behind them']);
  const entry = expect.stringMatching(/^millrace:changes \d+-\d+ E_TOO_LARGE$/) as string;
  await untilParked(`aidb:prediction:${id} E_TOO_LARGE`, ...entries.map(() => entry));
  expect(JSON.stringify(daemon.log.lines)).not.toMatch(/Ensure the Redis/);
});

/** Whatever of ours looks at the stream, in a process that may be the only one. */
const readers: readonly (readonly [string, (redis: RedisConnection) => Promise<unknown>])[] = [
  ['whether this Redis goes on where Postgres stands', (redis) => readRedisFacts(redis, '1-1', aiRegistry)],
  ['what the last entry is', (redis) => lastEntryId(redis)],
  ['what waits', (redis) => new MemoryForecast(redis).sample('0-0')],
  ['whether writers can write', (redis) => watch(redis).look()],
  ['trace', (redis) => scanWaiting(redis, '0-0', kinds.model, Buffer.from('7'))],
  ['status', (redis) => entryIdsAfter(redis, '0-0', 1_000).catch(() => undefined)],
];
const log = openLog(loadConfig({}).log, false, false);
const watch = (redis: RedisConnection) => new CaptureWatch({ redis, log, onIncident: () => undefined });
const far = `${Date.now() + 400 * 86_400_000}-1`;

test.each(readers)(
  '%s: what is far too large is not read inside Redis, wherever it is',
  async (_who, look) => {
    const { client } = archive.redis;
    const redis = new RedisConnection(loadConfig({ ...archive.environment(), ...limit }).redis, 'test');
    await redis.connect();
    const add = (id: string, value: string | Buffer) => client.xadd('millrace:changes', id, 'model', value);
    const entry = Buffer.alloc(20_000_000);
    for (const ids of [['1-1'], ['1-1', '2-1'], ['0-1', '1-1'], ['0-1', '1-1', '2-1'], [far]]) {
      await client.multi().del('millrace:changes').call('SCRIPT', 'FLUSH', 'SYNC').exec(); // a new Lua
      for (const id of ids) await add(id, id === '1-1' || id === far ? entry : '1');
      await look(redis);
      const [, bytes] = /used_memory_lua:(\d+)/.exec(await client.info('memory')) ?? [];
      expect(Number(bytes)).toBeLessThan(5 * megabyte);
    }
    redis.close();
  },
);

test('retention leaves alone what is too large, says so, and goes on; warm puts back what fits', async () => {
  const { client } = archive.redis;
  const at = { created_at: daysAgo(300) };
  const version = await plainVersion(client, await plainModel(client, at), at);
  const run = await plainRun(client, version, {
    ...{ status: 'completed', started_at: daysAgo(300), completed_at: daysAgo(200) },
  });
  const old = { timestamp: daysAgo(91) };
  for (let number = 0; number < 3; number++) await plainPrediction(client, version, old);
  const output = json(2 * megabyte);
  await plainPrediction(client, version, { ...old, output });
  for (let epoch = 1; epoch <= 30; epoch++) await plainMetric(client, run, { epoch, ...old });
  const daemon = await archive.start();
  await eventually(async () => expect(await count('metrics')).toBe(30));
  await eventually(async () => expect(await count('predictions')).toBe(4));
  await daemon.stop();
  // Where nothing of that size was read, memory holds: both would be refused.
  await client.hset('aidb:prediction:99', {
    ...old,
    id: '99',
    model_version_id: '1',
    input: json(20_000_000),
  });
  await client.zadd('aidb:metric:1:loss:train', 7, json(20_000_000));

  const environment = archive.environment(limit);
  const { kinds } = await retain({ environment, policy: { prediction: 90, metric: 90 } });
  expect(kinds.prediction?.kept.large?.examples.toSorted()).toEqual([
    'aidb:prediction:4',
    'aidb:prediction:99',
  ]);
  expect(kinds).toMatchObject({
    prediction: {
      removed: 3,
      kept: { large: { count: 2 } },
    },
    metric: { removed: 30, kept: { large: { count: 1, examples: ['aidb:metric:1:loss:train'] } } },
  });

  await client.flushall();
  const report = await warmed(archive, { environment: limit });
  expect(toldOf(report, 'prediction')).toEqual({ restored: 3, large: 1 });
  expect(await client.exists('aidb:prediction:4')).toBe(0);
  expect(toldOf(await warmed(archive), 'prediction')).toEqual({ restored: 1, there: 3 });
  expect(await client.hget('aidb:prediction:4', 'output')).toBe(output);
});

test('trace says how many of the entries that wait it could not read', async () => {
  const { client } = archive.redis;
  const redis = new RedisConnection(loadConfig({ ...archive.environment(), ...limit }).redis, 'test');
  await redis.connect();
  const add = (field: string, value: string | Buffer) => client.xadd('millrace:changes', '*', field, value);
  await add('model', '7');
  await add('model', Buffer.alloc(20_000_000));
  await add('too-large', '1-1');
  await add('model', '7');
  const scan = await scanWaiting(redis, '0-0', kinds.model, Buffer.from('7'));
  expect(scan).toMatchObject({ looked: 4, tooLarge: 2, complete: true });
  expect(scan.entries.map(({ before }) => before)).toEqual([0, 3]);
  redis.close();
});

test('the letter of a record of many megabytes keeps no copy; the record lands all the same when its parent comes', async () => {
  const { client } = archive.redis;
  const daemon = await archive.start();
  const input = json(17 * megabyte);
  await client.hset('aidb:prediction:1', { model_version_id: '1', timestamp: daysAgo(1), input });
  await untilParked('aidb:prediction:1 E_PARENT');
  expect(await archive.lines('SELECT octet_length(payload) FROM millrace.dead_letters')).toEqual(['']);
  await plainVersion(client, await plainModel(client));
  await eventually(async () => expect(await count('predictions')).toBe(1), { alive: daemon.running });
  await untilParked();
});
