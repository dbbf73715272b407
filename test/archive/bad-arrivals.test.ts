import { archiveOnce } from '../../src/archive/once';
import { loadConfig } from '../../src/config/load';
import { openLog } from '../../src/log/log';
import { kinds } from '../support/nine-kinds';
import { ModelStore } from '../../src/writer/model-store';
import { pack } from '../../src/archive/record/packed';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { goodFields, noJson, writeAll, writeParents } from './support/bad-records';
import { letters, passAskedFor, untilLetters } from './support/letters';

// Bad in the way it comes: in pieces, too early, too large, from a stranger.

let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  postgres = await testPostgres();
});

const start = (settings: Record<string, string> = {}): Promise<TestDaemon> =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, ...settings });

const count = async (table: string, where = 'true'): Promise<number> =>
  Number((await postgres.query(`SELECT count(*) FROM ${table} WHERE ${where}`))[0]?.['count']);
const until = (daemon: TestDaemon, table: string, rows: number, within = 10_000) =>
  eventually(async () => expect(await count(table)).toBe(rows), { alive: daemon.running, within });

const at = '2026-01-05T14:30:00.000001';
const megabytes = (many: number) => 'x'.repeat(many * 1024 * 1024);

test('a hash written field by field waits as a letter, lands when it is complete, and its children after it', async () => {
  const daemon = await start();
  const { client } = redis;
  await client.hset('aidb:run:1', 'id', '1');
  await client.hset('aidb:hyperparam:1', 'lr', '1e-05');
  for (let epoch = 1; epoch <= 5; epoch++)
    await client.zadd(
      'aidb:metric:1:loss:val',
      epoch,
      `{"epoch": ${epoch}, "metric_name": "loss", "metric_value": 1}`,
    );
  const point = 'aidb:metric:1:loss:val E_PARENT training_run_id';
  const children = ['aidb:hyperparam:1 E_PARENT training_run_id', point, point, point, point, point];
  await untilLetters(postgres, ['aidb:run:1 E_ID model_version_id', ...children], daemon);
  await client.hset('aidb:run:1', 'model_version_id', '1');
  await untilLetters(postgres, ['aidb:run:1 23502 started_at', ...children], daemon);
  await client.hset('aidb:run:1', 'started_at', at);
  await untilLetters(postgres, ['aidb:run:1 E_PARENT model_version_id', ...children], daemon);
  await writeParents(client);
  await untilLetters(postgres, [], daemon);
  expect(
    await Promise.all(['training_runs', 'hyperparameters', 'metrics'].map((table) => count(table))),
  ).toEqual([1, 1, 5]);
});

test('what the functions carried and the application mends afterwards lands, echo or not', async () => {
  const daemon = await start();
  await writeParents(redis.client);
  const values = [
    ['{not json', '{}'],
    ['{}', '{}'],
    ['{}', 'NaN'],
  ].flatMap(([input = '', metadata = '']) => [...['1', input, '{}', '0.5', '0', at, metadata]]);
  const keys = ['millrace:changes', 'aidb:counter:prediction', 'aidb:version:1', 'aidb:idx:predictions:1'];
  await redis.client.fcall('millrace_log_predictions', keys.length, ...keys, ...values);
  await untilLetters(
    postgres,
    ['aidb:prediction:1 22P02 input_data', 'aidb:prediction:3 22P02 metadata'],
    daemon,
  );
  await redis.client.hset('aidb:prediction:1', 'input', '{"mended": true}');
  await untilLetters(postgres, ['aidb:prediction:3 22P02 metadata'], daemon);
  expect(await count('predictions', 'input_data::text = \'{"mended": true}\'')).toBe(1);
  await redis.client.hset('aidb:prediction:3', 'metadata', '{}');
  await untilLetters(postgres, [], daemon);
  expect(await count('predictions')).toBe(3);
});

test('what the functions carried and the application mends during a pause lands', async () => {
  await writeParents(redis.client);
  const daemon = await start();
  await daemon.control.pause('archive', 'test');
  await eventually(async () => (await daemon.status()).archive.paused !== null, { alive: daemon.running });
  const keys = ['millrace:changes', 'aidb:counter:prediction', 'aidb:version:1', 'aidb:idx:predictions:1'];
  const values = ['1', '"\0"', '{}', '0.5', '0', at, '{}'];
  await redis.client.fcall('millrace_log_predictions', keys.length, ...keys, ...values);
  await redis.client.hset('aidb:prediction:1', 'input', '{}');
  await daemon.control.resume('archive');
  await until(daemon, 'predictions', 1);
  await untilLetters(postgres, [], daemon);
});

test('NaN and Infinity, as Python writes them, are parked where a column is json or jsonb, and kept as written where it is text', async () => {
  const daemon = await start();
  await writeParents(redis.client);
  const jsonColumns = Object.values(kinds).flatMap(({ table, columns }) =>
    columns.filter(({ decoder }) => decoder === 'json').map(({ column }) => ({ table, column })),
  );
  for (const { table, column } of jsonColumns.filter((_, index) => index % 2 === 0))
    await postgres.query(`ALTER TABLE ${table} ALTER ${column} TYPE jsonb USING ${column}::jsonb`);
  const texts = ['{"p": NaN}', '{"p": [1, Infinity]}', '{"p": -Infinity}'];
  const records = texts.flatMap((text) => noJson(text));
  await writeAll(redis.client, records, 'fields');
  await untilLetters(
    postgres,
    records.map(({ key, letter }) => `${key} ${letter}`),
    daemon,
  );
  for (const { message } of await postgres.query('SELECT message FROM millrace.dead_letters'))
    expect(message).toMatch(/^holds (NaN at \$\.p|Infinity at \$\.p\[1\]|-Infinity at \$\.p), .* TYPE text/);
  // The remedy that it names.
  for (const { table, column } of jsonColumns)
    await postgres.query(`ALTER TABLE ${table} ALTER COLUMN ${column} TYPE text`);
  await daemon.control.deadLetters?.retry({ ids: [] });
  await untilLetters(postgres, [], daemon);
  for (const text of texts)
    for (const { table, column } of jsonColumns) expect(await count(table, `${column} = '${text}'`)).toBe(1);
  expect(await passAskedFor(postgres, daemon)).toEqual({});
}, 60_000);

test('what is in the way is tried again by the next full pass', async () => {
  const daemon = await start();
  await writeParents(redis.client);
  await postgres.query("INSERT INTO models (name) VALUES ('blocked')");
  await postgres.query('ALTER TABLE models ADD CONSTRAINT short CHECK (length(description) < 10)');
  await redis.client.hset('aidb:model:2', {
    ...goodFields['model'],
    name: 'second',
    description: 'too long for them',
  });
  await untilLetters(postgres, ['aidb:model:2 23514 -'], daemon);
  await postgres.query('ALTER TABLE models DROP CONSTRAINT short');
  expect(await letters(postgres)).toHaveLength(1);
  await passAskedFor(postgres, daemon);
  await untilLetters(postgres, [], daemon);
  expect(await count('models', "name = 'second'")).toBe(1);
});

test('what somebody’s trigger refuses is a letter, in a table that is copied into and in one that is not', async () => {
  const daemon = await start();
  await writeParents(redis.client);
  await postgres.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'not on our watch'; END $$`);
  await postgres.query(`CREATE TRIGGER a BEFORE INSERT ON predictions FOR EACH ROW WHEN (NEW.confidence > 1)
    EXECUTE FUNCTION refuse()`);
  await postgres.query(`CREATE TRIGGER a BEFORE INSERT ON models FOR EACH ROW WHEN (NEW.name = 'bad')
    EXECUTE FUNCTION refuse()`);
  const commands = redis.client.pipeline();
  for (let id = 2; id <= 40; id++) {
    commands.hset(`aidb:model:${id}`, { ...goodFields['model'], name: id === 20 ? 'bad' : `model ${id}` });
    commands.hset(`aidb:prediction:${id}`, {
      ...goodFields['prediction'],
      confidence: id === 21 ? '2' : '1',
    });
  }
  await commands.exec();
  await untilLetters(postgres, ['aidb:model:20 P0001 -', 'aidb:prediction:21 P0001 -'], daemon);
  await until(daemon, 'models', 39);
  await until(daemon, 'predictions', 38);
  expect(await postgres.query('SELECT DISTINCT message FROM millrace.dead_letters')).toEqual([
    { message: 'not on our watch' },
  ]);
});

test('a stranger’s entries are letters of their own, and what stands beside them lands', async () => {
  const daemon = await start();
  await writeParents(redis.client);
  const good = pack(['7', '2026-01-05T14:30:00.000001', '1', '{}', '{}', '0.5', '0', at, '{}']);
  const point = pack(['1', at, 'loss:val', '{"metric_name": "loss"}']);
  const ids: string[] = [];
  for (const pairs of [
    ['hello', 'world'],
    ['prediction', '999', 'prediction=', good, 'model', 'abc', 'metric', '', 'metric', ':::', 'run-', 'x'],
    ['prediction=', good.subarray(0, good.length - 1)],
    ['prediction=', ''],
    ['prediction=', '1 1\nab'],
    ['metric=', '99999999999999999999 1 1 1\nabc', 'metric=', point],
    [
      'metric=',
      pack([undefined, '1', '2', '3']),
      'model=',
      'x',
      '',
      '',
      '=',
      '',
      '-',
      '',
      Buffer.from([0xff, 0]),
      'x',
    ],
    ['prediction=', pack(['abc', at, '1', '{}', '{}', '0', '0', at, '{}'])],
    [
      'prediction=',
      pack(['8', at, undefined, undefined, undefined, undefined, undefined, undefined, undefined]),
    ],
    ['run*', '1 2,3', 'model*', '901 902'],
  ])
    ids.push((await redis.client.xadd('millrace:changes', '*', ...(pairs as string[]))) ?? '');
  const strange = (entry: number, pair: number, field: string) =>
    `millrace:changes ${ids[entry] ?? ''} ${pair} ${field} E_STREAM_FIELD -`;
  await untilLetters(
    postgres,
    [
      ...[
        strange(0, 0, 'hello'),
        strange(2, 0, 'prediction='),
        strange(3, 0, 'prediction='),
        strange(4, 0, 'prediction='),
      ],
      ...[strange(5, 0, 'metric='), strange(6, 0, 'metric='), strange(6, 1, 'model='), strange(6, 2, '')],
      ...[strange(6, 3, '='), strange(6, 4, '-'), strange(6, 5, '\ufffd\\x00'), strange(9, 0, 'run*')],
      ...['aidb:prediction:abc E_ID id', 'aidb:prediction:8 E_ID model_version_id'],
    ],
    daemon,
  );
  await until(daemon, 'predictions', 1);
  await until(daemon, 'metrics', 1);
});

test('10 MB in a field land, by the mirror, by a function, and in a stream entry', async () => {
  const daemon = await start();
  const { client } = redis;
  await writeParents(client);
  const json = `{"a": "${megabytes(10)}"}`;
  await client.set('aidb:counter:prediction', '1');
  await client.hset('aidb:prediction:1', { ...goodFields['prediction'], input: json });
  await client
    .fcall(
      'millrace_log_prediction',
      4,
      'millrace:changes',
      'aidb:counter:prediction',
      'aidb:version:1',
      'aidb:idx:predictions:1',
      'model_version_id',
      '1',
      'output',
      json,
      'timestamp',
      at,
    )
    .catch(() => undefined);
  await client.xadd(
    'millrace:changes',
    '*',
    'prediction=',
    pack(['3', at, '1', json, json, '0', '0', at, '{}']),
  );
  await client.zadd('aidb:metric:1:loss:val', 1, `{"metric_name": "${megabytes(10)}", "metric_value": 1}`);
  await client.hset('aidb:hyperparam:1', 'large', megabytes(10));
  await client.hset('aidb:version:2', { ...goodFields['version'], version: 'large', config: json });
  await client.hset('aidb:prediction:4', {
    ...goodFields['prediction'],
    metadata: `{"a": "${megabytes(10)}`,
  });
  await client.hset('aidb:model:2', { ...goodFields['model'], name: megabytes(10) });
  await untilLetters(
    postgres,
    ['aidb:prediction:4 22P02 metadata', 'aidb:model:2 54000 name'],
    daemon,
    30_000,
  );
  await until(daemon, 'metrics', 1);
  await until(daemon, 'hyperparameters', 1);
  await until(daemon, 'model_versions', 2);
  const found = await postgres.query(
    'SELECT redis_id, length(input_data::text) AS input, length(output_data::text) AS output FROM predictions ORDER BY redis_id',
  );
  expect(found).toEqual([
    { redis_id: '1', input: json.length, output: 2 },
    { redis_id: '2', input: 2, output: json.length },
    { redis_id: '3', input: json.length, output: json.length },
  ]);
}, 60_000);

test('deleted counters and indexes are told, and lose nothing', async () => {
  const daemon = await start();
  const { client } = redis;
  await writeParents(client);
  await client.mset('aidb:counter:model', '1', 'aidb:counter:prediction', '41');
  await client.zadd('aidb:idx:models', 1, '1', 5, '5'); // and no model 5
  await client.hset('aidb:prediction:41', { ...goodFields['prediction'] });
  await until(daemon, 'predictions', 1);
  await eventually(async () =>
    expect(
      (await postgres.query("SELECT seen #>> '{counters,prediction}' AS seen FROM millrace.checkpoint"))[0],
    ).toEqual({ seen: '41' }),
  );
  await client.del('aidb:counter:prediction', 'aidb:counter:model', 'aidb:idx:models');
  await client.hset('aidb:prediction:1', { ...goodFields['prediction'], timestamp: '2026-02-01T00:00:00' });
  await until(daemon, 'predictions', 2);
  await eventually(() => {
    const told = daemon.log.lines.filter(({ message }) => /counter/.test(message));
    expect(told.map(({ level }) => level)).toEqual(['warn']);
  });
  expect(await letters(postgres)).toEqual([]);
  expect(await count('models')).toBe(1);
});

test.each([
  ['SET', 'mine'],
  ['HSET', 'a', 'b'],
])(
  'a stream key replaced by %s is set aside within seconds, whole; writers write again, and all arrives',
  async (command, ...value) => {
    const daemon = await start();
    const { client } = redis;
    await writeParents(client);
    await until(daemon, 'training_runs', 1);
    await client
      .multi([
        ['del', 'millrace:changes'],
        [command.toLowerCase(), 'millrace:changes', ...value],
      ])
      .exec();
    const theirs = await client.dumpBuffer('millrace:changes');
    await client.hset('aidb:prediction:1', { ...goodFields['prediction'] });
    const store = new ModelStore(client);
    await eventually(() => store.createModel({ name: 'written by a function' }), { alive: daemon.running });
    store.close();
    await until(daemon, 'predictions', 1);
    await until(daemon, 'models', 2);
    await eventually(async () => {
      const { ready, archive } = await daemon.status();
      expect({ ready, failure: archive.failure }).toEqual({ ready: true, failure: null });
      expect(archive.incidents.map(({ what }) => what)).toContainEqual(
        expect.stringMatching(/was no stream any more.*millrace:changes:before:1/),
      );
    });
    expect(await client.dumpBuffer('millrace:changes:before:1')).toEqual(theirs);
  },
);

test('something else than a stream under its key at the start, of a daemon or of a single sync, is set aside', async () => {
  const { client } = redis;
  await writeParents(client);
  await client.set('millrace:changes', 'mine');
  const daemon = await start();
  await until(daemon, 'training_runs', 1);
  const { archive, ready } = await daemon.status();
  expect({ ready, failure: archive.failure }).toEqual({ ready: true, failure: null });
  expect(archive.incidents.map(({ what }) => what)).toContainEqual(
    expect.stringMatching(/was no stream any more.*millrace:changes:before:1/),
  );
  await daemon.stop();
  await client.multi().del('millrace:changes').hset('millrace:changes', 'a', 'b').exec();
  await client.hset('aidb:prediction:1', { ...goodFields['prediction'] });
  const config = loadConfig({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url });
  const quiet = openLog({ ...config.log, level: 'error' }, false, false);
  await archiveOnce(config, quiet, { progress: false });
  expect(await count('predictions')).toBe(1);
  expect(await client.get('millrace:changes:before:1')).toBe('mine');
  expect(await client.hgetall('millrace:changes:before:2')).toEqual({ a: 'b' });
});

test('3,000 records, none of them good, are 3,000 letters within seconds, and the next good one lands', async () => {
  const daemon = await start({ MIRROR: 'off' });
  const { client } = redis;
  await writeParents(client);
  const timed = async (kind: string, fields: Record<string, string>) => {
    const commands = client.pipeline();
    for (let id = 1; id <= 3_000; id++) commands.hset(`aidb:${kind}:${id + 10}`, fields);
    await commands.exec();
    const pairs = Array.from({ length: 3_000 }, (_unused, index) => [kind, String(index + 11)]).flat();
    const began = Date.now();
    await client.xadd('millrace:changes', '*', ...pairs);
    await eventually(async () => (await count('millrace.dead_letters', `kind = '${kind}'`)) === 3_000, {
      alive: daemon.running,
      within: 60_000,
    });
    return Date.now() - began;
  };
  const took = {
    predictions: await timed('prediction', { ...goodFields['prediction'], input: '{not json' }),
    datasets: await timed('dataset', { ...goodFields['dataset'], split_info: '{not json' }),
  };
  for (const ms of Object.values(took)) expect(ms).toBeLessThan(15_000); // 700 on a quiet machine; one by one it was a minute
  await client.hset('aidb:prediction:1', { ...goodFields['prediction'] });
  await client.xadd('millrace:changes', '*', 'prediction', '1');
  await until(daemon, 'predictions', 1);
}, 120_000);
