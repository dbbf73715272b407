import { ModelStore } from '../../src/writer/model-store';
import { plainMetric, plainModel, plainPrediction, plainRun, plainVersion } from '../support/plain-writer';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
let store: ModelStore;
beforeAll(async () => {
  redis = await testRedis();
  store = new ModelStore(redis.url);
});
beforeEach(() => redis.client.flushdb());
afterAll(() => store.close());

test('a plain writer’s records are read: NaN inside JSON, 0 for none, odd numbers, microseconds', async () => {
  const { client } = redis;
  const at = '2026-01-31T23:59:58.000001';
  await plainRun(client, 4, {
    started_at: at,
    final_loss: 'nan',
    best_metric_value: '-inf',
    duration_seconds: '0.0',
  });
  expect(await store.getTrainingRun(1)).toEqual({
    ...{ id: 1, modelVersionId: 4, datasetId: null, runName: '', status: 'running', startedAt: at },
    ...{
      completedAt: null,
      durationSeconds: null,
      finalLoss: NaN,
      bestMetricValue: -Infinity,
      artifacts: {},
    },
  });
  await plainPrediction(client, 4, {
    input: '{"a": NaN, "b": [-Infinity, "NaN"]}',
    output: '{not json',
    timestamp: at,
  });
  expect(await store.getPrediction(1)).toMatchObject({
    ...{ input: { a: NaN, b: [-Infinity, 'NaN'] }, output: '{not json', confidence: 0.9, timestamp: at },
  });
});

test('lists follow the indexes; a half-written record, or one of another type, does not break them', async () => {
  const { client } = redis;
  for (const name of ['a', 'b', 'c']) await plainModel(client, { name });
  await client.zadd('aidb:idx:models', 9, '9');
  await client.hset('aidb:model:10', 'name', 'half');
  await client.zadd('aidb:idx:models', 10, '10', 11, '11');
  await client.set('aidb:model:11', 'text');
  expect((await store.listModels()).map(({ id, name }) => [id, name])).toEqual([
    ...[
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [10, 'half'],
    ],
  ]);
  expect((await store.listModels({ offset: 1, limit: 1 })).map(({ name }) => name)).toEqual(['b']);
  expect(await store.listModels({ limit: 0 })).toEqual([]);
  expect(await store.getModel(9)).toBeUndefined();
  expect(await store.getModelByName('zzz')).toBeUndefined();
});

test('predictions come newest first, as many as wanted', async () => {
  for (const second of ['05', '09', '01', '07']) {
    await plainPrediction(redis.client, 1, { timestamp: `2026-01-01T00:00:${second}.5` });
  }
  expect((await store.getPredictions(1)).map(({ id }) => id)).toEqual([2, 4, 1, 3]);
  expect((await store.getPredictions(1, { offset: 1, limit: 2 })).map(({ id }) => id)).toEqual([4, 1]);
});

test('metrics are found by name and split, also where these hold colons', async () => {
  const { client } = redis;
  await plainMetric(client, 1, { name: 'loss', epoch: 2, value: '0.25' });
  await plainMetric(client, 1, { name: 'loss', epoch: 1, value: 'NaN' });
  await plainMetric(client, 1, { name: 'a:b', split: 'val', step: 7 });
  await plainMetric(client, 1, { name: 'loss', split: 'odd', member: '{not json' });
  await plainMetric(client, 10, { name: 'loss' });
  expect(
    (await store.getMetrics(1)).map((point) => [point.metricName, point.split, point.metricValue]),
  ).toEqual([
    ...[
      ['a:b', 'val', 0.5],
      ['loss', 'train', NaN],
      ['loss', 'train', 0.25],
    ],
  ]);
  const exact = await store.getMetrics(1, { metricName: 'a:b', split: 'val' });
  expect(exact).toMatchObject([{ epoch: null, step: 7 }]);
  expect(await store.getMetrics(1, { metricName: 'loss' })).toHaveLength(2);
  expect(await store.getMetrics(1, { split: 'val' })).toHaveLength(1);
});

test('statistics count what the indexes know', async () => {
  const { client } = redis;
  const model = await plainModel(client);
  const version = await plainVersion(client, model);
  await plainVersion(client, model);
  await plainRun(client, version);
  for (let count = 0; count < 3; count++) await plainPrediction(client, version);
  expect(await store.getStatistics()).toEqual({
    ...{ models: 1, versions: 2, datasets: 0, runs: 1, experiments: 0, predictions: 3 },
  });
});

test('hyperparameters and runs of experiments come back', async () => {
  await store.logHyperparameters(3, { lr: 1e-5, name: 'آدم', __proto__x: 1 });
  await store.logHyperparameters(3, { lr: 0.1 });
  expect(await store.getHyperparameters(3)).toEqual({ lr: '0.1', name: 'آدم', __proto__x: '1' });
  expect(await store.getHyperparameters(4)).toEqual({});
  for (const trainingRunId of [11, 2]) await store.addRunToExperiment({ experimentId: 1, trainingRunId });
  expect(await store.addRunToExperiment({ experimentId: 1, trainingRunId: 2, notes: 'again' })).toBe(false);
  expect((await store.getExperimentRuns(1)).map((run) => [run.trainingRunId, run.notes])).toEqual([
    ...[
      [2, 'again'],
      [11, ''],
    ],
  ]);
});
