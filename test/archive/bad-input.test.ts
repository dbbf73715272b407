import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import {
  type BadRecord,
  goodFields,
  noJson,
  spoilt,
  unstorableTexts,
  writeAll,
  writeParents,
} from './support/bad-records';
import { letters, passAskedFor, untilLetters } from './support/letters';

// What cannot be archived is one letter that names the column; everything beside it lands, and the daemon goes on.

let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  postgres = await testPostgres();
  await writeParents(redis.client);
});

const start = (settings: Record<string, string> = {}): Promise<TestDaemon> =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, ...settings });

const count = async (table: string, where = 'true'): Promise<number> =>
  Number((await postgres.query(`SELECT count(*) FROM ${table} WHERE ${where}`))[0]?.['count']);

const invalid = Buffer.from([0x61, 0xff, 0x62]);
const spoiltRecords = (): BadRecord[] => [
  ...unstorableTexts('a\0b', '22021'),
  ...unstorableTexts(invalid, '22021'),
  ...noJson('{not json'),
  ...noJson('{"a": NaN}'),
  ...noJson(''),
  spoilt('model', { created_at: 'yesterday' }, '22007 created_at'),
  spoilt('model', { created_at: undefined }, '23502 created_at'),
  spoilt('model', { updated_at: '2026-02-30T00:00:00' }, '22008 updated_at'),
  spoilt('model', { name: undefined }, '23502 name'),
  spoilt('dataset', { size_bytes: '1_000' }, '22P02 size_bytes'),
  spoilt('dataset', { num_samples: '9223372036854775808' }, '22003 num_samples'),
  spoilt('version', { model_id: 'one' }, 'E_ID model_id'),
  spoilt('version', { model_id: undefined }, 'E_ID model_id'),
  spoilt('run', { final_loss: '1e400' }, '22003 final_loss'),
  spoilt('run', { best_metric_value: 'good' }, '22P02 best_metric_value'),
  spoilt('run', { dataset_id: '9223372036854775808' }, 'E_ID dataset_id'),
  spoilt('run', { completed_at: 'None' }, '22007 completed_at'),
  spoilt('prediction', { confidence: '1_000' }, '22P02 confidence'),
  spoilt('prediction', { confidence: '1e400' }, '22003 confidence'),
  spoilt('prediction', { inference_time_ms: '' }, '22P02 inference_time_ms'),
  spoilt('prediction', { timestamp: undefined }, '23502 timestamp'),
  spoilt('prediction', { timestamp: '1767623400' }, '22007 timestamp'),
  spoilt('prediction', { model_version_id: undefined }, 'E_ID model_version_id'),
];
const goodOnes = () => [
  spoilt('model', {}, ''),
  spoilt('run', {}, ''),
  spoilt('prediction', {}, ''),
  spoilt('dataset', {}, ''),
];

/** How many rows each table has that came from these records. */
const rowsOf = async (): Promise<Record<string, number>> => ({
  model: await count('models'),
  dataset: await count('datasets'),
  experiment: await count('experiments'),
  version: await count('model_versions'),
  run: await count('training_runs'),
  exprun: await count('experiment_runs'),
  prediction: await count('predictions'),
});

async function expectParkedAndMended(daemon: TestDaemon, look: () => Promise<unknown>): Promise<void> {
  const bad = spoiltRecords();
  const good = goodOnes();
  const all = [...bad.slice(0, 40), ...good.slice(0, 2), ...bad.slice(40), ...good.slice(2)];
  await writeAll(redis.client, all, 'fields');
  await look();
  await untilLetters(
    postgres,
    bad.map(({ key, letter }) => `${key} ${letter}`),
    daemon,
  );
  const of = (records: readonly BadRecord[], kind: string) =>
    records.filter(({ key }) => key.startsWith(`aidb:${kind}:`)).length;
  const expected = (records: readonly BadRecord[]) => ({
    model: of(records, 'model') + 1,
    dataset: of(records, 'dataset') + 1,
    experiment: of(records, 'experiment') + 1,
    version: of(records, 'version') + 1,
    run: of(records, 'run') + 1 + of(bad, 'exprun'), // each has a run of its own
    exprun: of(records, 'exprun'),
    prediction: of(records, 'prediction'),
  });
  await eventually(async () => expect(await rowsOf()).toEqual(expected(good)), { alive: daemon.running });
  expect(await postgres.query('SELECT key FROM millrace.dead_letters WHERE message = $1', [''])).toEqual([]);

  await writeAll(redis.client, bad, 'good');
  await look();
  await untilLetters(postgres, [], daemon);
  await eventually(async () => expect(await rowsOf()).toEqual(expected(all)), { alive: daemon.running });
  expect((await daemon.status()).archive.failure).toBeNull();
}

test('a record that a column cannot hold is parked with that column, its batch lands, and mended it lands, too', async () => {
  const daemon = await start();
  await expectParkedAndMended(daemon, () => Promise.resolve());
});

test('bad values are parked without the mirror, too, by full passes alone', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await expectParkedAndMended(daemon, () => passAskedFor(postgres, daemon));
});

test('keys that are no records: one letter for what looks like one, none for what does not', async () => {
  const daemon = await start();
  const { client } = redis;
  const model = { ...goodFields['model'] };
  for (const id of ['abc', '007', '-1', '1.0', '9223372036854775808', '99999999999999999999', '1:2', ''])
    await client.hset(`aidb:model:${id}`, { ...model, name: `model ${id}` });
  await client.hset('aidb:model:9223372036854775807', { ...model, name: 'the last' });
  await client.hset(Buffer.concat([Buffer.from('aidb:model:'), invalid]), { ...model, name: 'no text' });
  await client.set('aidb:model:2', 'a string');
  await client.sadd('aidb:run:2', 'a set');
  await client.set('aidb:hyperparam:2', 'a string, too');
  await client.hset('aidb:metric:1:loss:val', 'a', 'hash');
  await client.zadd('aidb:prediction:2', 1, 'a sorted set');
  await client.hset('aidb:exprun:1:1:2', { variant_name: 'three ids' });
  await client.hset('aidb:exprun:1', { variant_name: 'one id' });
  await client.hset('aidb:hyperparam:x', { lr: '1' });
  await client.hset('aidb:hyperparam:1:2', { lr: '1' });
  await client.zadd('aidb:metric:x', 1, '{}');
  // No records, whatever they hold.
  await client.set('aidb:model:name_to_id', 'not even a hash');
  await client.sadd('aidb:exprun:1:runs', '1', '2');
  await client.zadd('aidb:idx:models', 777, '777', 1, 'abc');
  await client.hset('aidb:unknown:1', { name: 'x' });
  await client.hset('aidb:', { name: 'x' });
  await client.hset('aidb:model', { name: 'x' });
  await untilLetters(
    postgres,
    [
      ...[
        'abc',
        '007',
        '-1',
        '1.0',
        '9223372036854775808',
        '99999999999999999999',
        '1:2',
        '',
        'a\ufffdb',
      ].map((id) => `aidb:model:${id} E_ID id`),
      ...['model:2', 'run:2', 'hyperparam:2', 'metric:1:loss:val', 'prediction:2'].map(
        (key) => `aidb:${key} E_TYPE -`,
      ),
      ...['exprun:1:1:2 E_ID id', 'exprun:1 E_ID training_run_id', 'hyperparam:x E_ID training_run_id'].map(
        (end) => `aidb:${end}`,
      ),
      ...['hyperparam:1:2 E_ID id', 'metric:x E_ID training_run_id'].map((end) => `aidb:${end}`),
    ],
    daemon,
  );
  expect(await rowsOf()).toEqual({
    model: 2,
    dataset: 1,
    experiment: 1,
    version: 1,
    run: 1,
    exprun: 0,
    prediction: 0,
  });
  expect(await count('hyperparameters')).toBe(0);

  await client.del('aidb:model:2', 'aidb:metric:1:loss:val');
  await client.hset('aidb:model:2', { ...model, name: 'mended' });
  await client.zadd('aidb:metric:1:loss:val', 1, '{"epoch": 1, "metric_name": "loss", "metric_value": 1}');
  await eventually(
    async () => {
      expect((await letters(postgres)).filter((letter) => /model:2|metric:1/.test(letter))).toEqual([]);
      expect([await count('models'), await count('metrics')]).toEqual([3, 1]);
    },
    { alive: daemon.running },
  );
});

test('of a metric each bad point is a letter of its own, and the good ones land', async () => {
  const daemon = await start();
  const point = (change: Record<string, string> = {}) => {
    const fields = {
      epoch: '1',
      step: 'null',
      metric_name: '"loss"',
      metric_value: '0.5',
      split: '"val"',
      timestamp: '"2026-01-05T14:30:00"',
    };
    return `{${Object.entries({ ...fields, ...change })
      .map(([name, value]) => `"${name}": ${value}`)
      .join(', ')}}`;
  };
  const bad: [member: string | Buffer, letter: string][] = [
    ['{not json', '22P02 -'],
    ['', '22P02 -'],
    ['[1]', '22P02 -'],
    [Buffer.concat([Buffer.from('{"metric_name": "'), invalid, Buffer.from('"}')]), '22021 -'],
    [point({ metric_value: '1e400' }), '22003 metric_value'],
    [point({ metric_value: '"abc"' }), '22P02 metric_value'],
    [point({ metric_value: '{"nested": 1}' }), '22P02 metric_value'],
    [point({ metric_name: '"\\ud83d"' }), '22P02 metric_name'],
    [point({ metric_name: '"a\\u0000b"' }), '22021 metric_name'],
    [point({ split: '"a\\u0000b"' }), '22021 split'],
    [point({ epoch: '1.5' }), '22P02 epoch'],
    [point({ step: '9223372036854775808' }), '22003 step'],
    [point({ timestamp: '"yesterday"' }), '22007 timestamp'],
  ];
  const good = ['NaN', '-Infinity', '0.25'].map((metric_value) => point({ metric_value }));
  const members = [
    ...bad.slice(0, 6).map(([member]) => member),
    ...good,
    ...bad.slice(6).map(([member]) => member),
  ];
  for (const member of members) await redis.client.zadd('aidb:metric:1:loss:val', 1, member);
  await untilLetters(
    postgres,
    bad.map(([, letter]) => `aidb:metric:1:loss:val ${letter}`),
    daemon,
  );
  await eventually(async () => (await count('metrics')) === 3, { alive: daemon.running });
  await passAskedFor(postgres, daemon);
  expect(await letters(postgres)).toHaveLength(bad.length);
  expect(await count('metrics')).toBe(3);
});

test('of a run’s hyperparameters each bad one is a letter of its own, and goes when it is overwritten', async () => {
  const daemon = await start();
  await redis.client.hset('aidb:hyperparam:1', {
    lr: '1e-05',
    amp: 'True',
    seed: 'None',
    empty: '',
    bad: 'a\0b',
  });
  await redis.client.hset('aidb:hyperparam:1', invalid, 'x', 'nul\0', 'y');
  await untilLetters(
    postgres,
    ['22021 param_value', '22021 param_name', '22021 param_name'].map(
      (letter) => `aidb:hyperparam:1 ${letter}`,
    ),
    daemon,
  );
  await eventually(async () => (await count('hyperparameters')) === 4, { alive: daemon.running });
  await redis.client.hset('aidb:hyperparam:1', { bad: 'good' });
  await untilLetters(
    postgres,
    ['22021 param_name', '22021 param_name'].map((letter) => `aidb:hyperparam:1 ${letter}`),
    daemon,
  );
  expect(await count('hyperparameters', "param_name = 'bad' AND param_value = 'good'")).toBe(1);
});
