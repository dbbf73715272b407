import { ModelStore } from '../../src/writer/model-store';
import { ensureLibrary } from '../../src/writer/library';
import { dumpKeyspace } from '../support/keyspace';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
let store: ModelStore;
beforeAll(async () => {
  redis = await testRedis();
  store = new ModelStore(redis.url);
  await ensureLibrary(redis.client);
});
beforeEach(() => redis.client.flushdb());
afterAll(() => store.close());

const stream = 'millrace:changes';
const predictionKeys = [stream, 'aidb:counter:prediction', 'aidb:version:5', 'aidb:idx:predictions:5'];
const runKeys = [stream, 'aidb:counter:run', 'aidb:idx:runs'];
const modelKeys = [stream, 'aidb:counter:model', 'aidb:idx:models', 'aidb:model:name_to_id'];
const version = ['model_version_id', '5'];
const metric = ['run_id', '1', 'metric_name', 'm'];
const metricKeys = [stream, 'aidb:run:1', 'aidb:metric:1:m:train'];
const row = (...values: string[]) => [...values, ...Array<string>(7 - values.length).fill('')];

type Call = readonly [name: string, keys: readonly string[], args: readonly string[]];

/** The call fails with this message, and the keyspace is what it was. */
async function expectRefused([name, keys, args]: Call, message: RegExp | string): Promise<void> {
  const before = await dumpKeyspace(redis.client);
  const call = redis.client.fcall(`millrace_${name}`, keys.length, ...keys, ...args);
  await expect(call).rejects.toThrow(message);
  expect(await dumpKeyspace(redis.client)).toEqual(before);
}

test.each<[call: Call, message: string]>([
  [['log_prediction', predictionKeys, []], 'MILLRACE model_version_id is missing'],
  [['log_prediction', predictionKeys, [...version, 'input']], 'MILLRACE input has no value'],
  [['log_prediction', predictionKeys, [...version, 'inptu', '1']], 'a prediction has no field "inptu"'],
  [['log_prediction', predictionKeys, ['model_version_id', 'x']], 'model_version_id must be an id'],
  [['log_prediction', predictionKeys, ['model_version_id', '05']], 'model_version_id must be an id'],
  [
    ['log_prediction', predictionKeys, ['model_version_id', '1'.repeat(19)]],
    'model_version_id must be an id',
  ],
  [['log_prediction', predictionKeys, [...version, 'confidence', '0x1']], 'confidence must be a number'],
  [['log_prediction', predictionKeys, [...version, 'confidence', '1', 'confidence', '2']], 'given twice'],
  [['log_prediction', predictionKeys, [...version, 'timestamp', 'yesterday']], 'timestamp must be a time'],
  [['log_prediction', predictionKeys, [...version, 'timestamp', '2025-02-29T00:00:00']], 'must be a time'],
  [['log_prediction', predictionKeys, [...version, 'timestamp', '2025-02-28T24:00:00']], 'must be a time'],
  [['log_prediction', predictionKeys, [...version, 'timestamp', '2025-02-28T00:00:00+25:00']], 'be a time'],
  [['log_prediction', predictionKeys.slice(0, 3), version], 'MILLRACE the keys must be: millrace:changes'],
  [['log_prediction', [...predictionKeys, 'x'], version], 'the keys must be'],
  [['log_prediction', predictionKeys, ['model_version_id', '6']], 'aidb:version:6 aidb:idx:predictions:6'],
  [['log_predictions', predictionKeys, []], 'seven values for each prediction: model_version_id input'],
  [['log_predictions', predictionKeys, [...row('5'), '5']], 'seven values for each prediction'],
  [['log_predictions', predictionKeys, [...row('5'), ...row('6')]], 'the keys must name aidb:version:6'],
  [['log_predictions', predictionKeys, [...row('5'), ...row('5', '', '', 'high')]], 'confidence must be'],
  [['log_predictions', predictionKeys.slice(1), row('5')], 'the keys must begin with'],
  [['log_predictions', [...predictionKeys, 'aidb:version:6'], row('5')], 'the keys must go on with'],
  [['create_model', modelKeys, ['description', 'd']], 'name is missing'],
  [['create_model', modelKeys, ['name', 'm', 'id', '7']], 'a model has no field "id"'],
  [['create_model', modelKeys, ['name', 'm', 'created_at', '2026-01-01']], 'created_at must be a time'],
  [['create_model', modelKeys.slice(0, 3), ['name', 'm']], 'the keys must be'],
  [['create_run', runKeys, [...version, 'dataset_id', '-1']], 'dataset_id must be an id'],
  [['create_run', runKeys, [...version, 'final_loss', 'low']], 'final_loss must be a number, not "low"'],
  [['update_run', [stream, 'aidb:run:1'], ['1']], 'nothing to update'],
  [['update_run', [stream, 'aidb:run:1'], ['1', 'started_at', '2026-01-01T00:00:00']], 'does not change'],
  [['update_run', [stream, 'aidb:run:1'], []], 'must be an id'],
  [['log_hyperparams', [stream, 'aidb:hyperparam:1'], ['1', 'lr']], '"lr" has no value'],
  [['log_hyperparams', [stream, 'aidb:hyperparam:1'], ['1']], 'nothing to log'],
  [['log_hyperparams', [stream, 'aidb:hyperparam:2'], ['1', 'lr', '1']], 'the keys must be'],
  [['log_metric', metricKeys, [...metric, 'metric_value', '']], 'metric_value must be a number'],
  [['log_metric', metricKeys, [...metric, 'metric_value', '.5']], 'metric_value must be a number'],
  [
    ['log_metric', metricKeys, [...metric, 'metric_value', '1', 'epoch', '1.5']],
    'epoch must be a whole number',
  ],
  [['log_metrics', metricKeys, ['1', 'm', '1', '', '', '']], 'six values for each point'],
  [['log_metrics', metricKeys, ['1', 'other', '1', '', '', '', '']], 'must name "aidb:metric:1:other:train"'],
  [['delete_model', [stream], ['1', '2']], 'the arguments must be: model_id'],
  [['delete_metric', [stream], ['1', 'm']], 'the arguments must be: run_id, metric_name, split'],
])('refused before the first write: %j', async (call, message) => {
  await store.createTrainingRun({ modelVersionId: 1 });
  await store.logPrediction({ modelVersionId: 5 });
  await store.logHyperparameters(1, { lr: 1 });
  await expectRefused(call, message);
});

test('a metric’s name that is no UTF-8 is refused', async () => {
  const name = Buffer.from([0x61, 0xff]);
  const keys = [
    stream,
    'aidb:run:1',
    Buffer.concat([Buffer.from('aidb:metric:1:'), name, Buffer.from(':train')]),
  ];
  const args = ['run_id', '1', 'metric_value', '1', 'metric_name', name];
  const call = redis.client.fcall('millrace_log_metric', 3, ...keys, ...args);
  await expect(call).rejects.toThrow('MILLRACE metric_name is not valid UTF-8');
  expect(await redis.client.dbsize()).toBe(0);
});

const writes: readonly [string, () => Promise<unknown>, readonly string[]][] = [
  ['createModel', () => store.createModel({ name: 'm' }), ['aidb:model:2', ...modelKeys]],
  [
    'updateModel',
    () => store.updateModel(1, { name: 'x' }),
    [stream, 'aidb:model:1', 'aidb:model:name_to_id'],
  ],
  ['createTrainingRun', () => store.createTrainingRun({ modelVersionId: 1 }), ['aidb:run:2', ...runKeys]],
  ['deleteTrainingRun', () => store.deleteTrainingRun(1), [stream, 'aidb:run:1', 'aidb:idx:runs']],
  ['logHyperparameters', () => store.logHyperparameters(1, { a: 1 }), [stream, 'aidb:hyperparam:1']],
  [
    'logMetric',
    () => store.logMetric(1, { metricName: 'm', metricValue: 2 }),
    [stream, 'aidb:metric:1:m:train'],
  ],
  [
    'addRunToExperiment',
    () => store.addRunToExperiment({ experimentId: 1, trainingRunId: 1 }),
    [stream, 'aidb:exprun:1:1', 'aidb:exprun:1:runs'],
  ],
  [
    'logPrediction',
    () => store.logPrediction({ modelVersionId: 5 }),
    [stream, 'aidb:counter:prediction', 'aidb:idx:predictions:5', 'aidb:prediction:2'],
  ],
  [
    'logPredictions',
    () => store.logPredictions([{ modelVersionId: 5 }, { modelVersionId: 6 }]),
    [stream, 'aidb:counter:prediction', 'aidb:idx:predictions:6', 'aidb:prediction:3'],
  ],
];

test.each(writes)('%s writes nothing if any key it would write has another type', async (_, write, keys) => {
  await store.createModel({ name: 'm' });
  await store.createTrainingRun({ modelVersionId: 1 });
  await store.logPrediction({ modelVersionId: 5 });
  for (const key of keys) {
    await redis.client.copy(key, 'saved', 'REPLACE');
    const existed = (await redis.client.exists(key)) === 1;
    await redis.client.del(key);
    await redis.client.rpush(key, 'something else');
    const before = await dumpKeyspace(redis.client);
    await expect(write()).rejects.toMatchObject({ code: 'E_WRITE_REFUSED', kind: 'record' });
    expect(await dumpKeyspace(redis.client)).toEqual(before);
    await redis.client.del(key);
    if (existed) await redis.client.rename('saved', key);
  }
  await write();
});

test('a counter that is no number is refused, one near 2^53 too', async () => {
  for (const value of ['x', '-3', '1.5', '', '9007199254740993']) {
    await redis.client.set('aidb:counter:model', value);
    await expectRefused(['create_model', modelKeys, ['name', 'm']], 'MILLRACE aidb:counter:model holds');
  }
});

test('a full Redis takes deletions, and nothing of a write', async () => {
  const id = await store.logPrediction({ modelVersionId: 5, input: { x: 'x'.repeat(10_000) } });
  await redis.client.config('SET', 'maxmemory', '1');
  try {
    const before = await dumpKeyspace(redis.client);
    await expect(store.logPrediction({ modelVersionId: 5 })).rejects.toMatchObject({ code: 'E_REDIS_FULL' });
    expect(await dumpKeyspace(redis.client)).toEqual(before);
    expect(await store.deletePrediction(id)).toBe(true);
  } finally {
    await redis.client.config('SET', 'maxmemory', '0');
  }
});

test.each<[string, () => Promise<unknown>, string]>([
  ['an id that is none', () => store.logPrediction({ modelVersionId: 1.5 }), 'modelVersionId must be an id'],
  [
    'text that is no JSON',
    () => store.logPrediction({ modelVersionId: 1, input: 'cat' }),
    'input is text that',
  ],
  [
    'an invalid Date',
    () => store.createModel({ name: 'm', createdAt: new Date(NaN) }),
    'createdAt is an invalid',
  ],
  [
    'a time that is none',
    () => store.createModel({ name: 'm', createdAt: 'now' }),
    'created_at must be a time',
  ],
  [
    'a bulk with one bad row',
    () => store.logPredictions([{ modelVersionId: 1 }, { modelVersionId: 0 }]),
    'an id',
  ],
  [
    'half an epoch',
    () => store.logMetric(1, { metricName: 'm', metricValue: 1, epoch: 0.5 }),
    'epoch must be',
  ],
])('ModelStore refuses %s with E_WRITE_REFUSED', async (_, write, message) => {
  const failure: unknown = await write().catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'MillraceError', kind: 'record', code: 'E_WRITE_REFUSED' });
  expect(String(failure)).toContain(message);
  expect(await redis.client.dbsize()).toBe(0);
});

test('a bulk that fails midway says how much was written', async () => {
  const list = Array.from({ length: 300 }, (_, index) => ({
    ...{ modelVersionId: 1, timestamp: index === 299 ? 'yesterday' : '2026-01-01T00:00:00' },
  }));
  await expect(store.logPredictions(list)).rejects.toThrow('(250 of 300 predictions were written before)');
  expect(await redis.client.zcard('aidb:idx:predictions:1')).toBe(250);
});
