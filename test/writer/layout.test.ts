import { pack, unpack } from '../../src/archive/record/packed';
import { ModelStore } from '../../src/writer/model-store';
import { dumpKeyspace } from '../support/keyspace';
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
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
let store: ModelStore;
beforeAll(async () => {
  redis = await testRedis();
  store = new ModelStore(redis.url);
});
beforeEach(() => redis.client.flushdb());
afterAll(() => store.close());

const at = '2026-01-31T23:59:58.000001';

/** What two ways of writing leave, apart from the stream. */
async function expectSame(plain: () => Promise<unknown>, functions: () => Promise<unknown>): Promise<void> {
  await plain();
  const expected = await dumpKeyspace(redis.client);
  await redis.client.flushdb();
  await functions();
  const { 'millrace:changes': stream, ...found } = await dumpKeyspace(redis.client);
  expect(stream).toBeDefined();
  expect(found).toEqual(expected);
}

test('ModelStore leaves key by key what a plain writer leaves', async () => {
  const { client } = redis;
  const persian = { name: 'مدل 😀', description: 'a "b"\n\\c' };
  const config = '{"lr": 1e-05, "n": NaN, "\\u0645": [1, 2.5, true, null]}';
  await expectSame(
    async () => {
      await plainModel(client, { ...persian, input_shape: '[224, 224, 3]', created_at: at });
      await plainModel(client, { name: 'second', created_at: at });
      await plainVersion(client, 1, { version: '1.0', config, created_at: at });
      await plainDataset(client, {
        name: 'd',
        size_bytes: '150000000000',
        num_samples: '10',
        created_at: at,
      });
      await plainRun(client, 1, { dataset_id: '1', final_loss: '1e-05', started_at: at, completed_at: at });
      await plainHyperparams(client, 1, { lr: '1e-05', amp: 'True', seed: 'None', layers: '[1, 2]' });
      await plainExperiment(client, { name: 'e', created_at: at, results: config });
      await plainExprun(client, 1, 1, { variant_name: 'A' });
    },
    async () => {
      await store.createModel({ ...persian, inputShape: [224, 224, 3], createdAt: at });
      await store.createModel({ name: 'second', createdAt: at });
      const values = { lr: 1e-5, n: NaN, م: [1, 2.5, true, null] };
      await store.createModelVersion({ modelId: 1, version: '1.0', config: values, createdAt: at });
      await store.createDataset({ name: 'd', sizeBytes: 150_000_000_000, numSamples: 10, createdAt: at });
      await store.createTrainingRun({
        ...{ modelVersionId: 1, datasetId: 1, finalLoss: 1e-5, startedAt: at, completedAt: at },
      });
      await store.logHyperparameters(1, { lr: 1e-5, amp: true, seed: null, layers: [1, 2] });
      await store.createExperiment({ name: 'e', createdAt: at, results: config });
      await store.addRunToExperiment({ experimentId: 1, trainingRunId: 1, variantName: 'A' });
    },
  );
});

test('metrics and predictions are as a plain writer’s, scores among them', async () => {
  const { client } = redis;
  const times = [at, '2026-01-31T23:59:58', '2026-01-31 23:59:58.5', '2026-02-01T03:29:58.25+03:30'];
  times.push('1969-12-31T23:59:59.250000', '1970-01-01T00:00:00', '2024-02-29T00:00:00.999999Z');
  await expectSame(
    async () => {
      await plainMetric(client, 1, { name: 'loss', value: '1e-05', epoch: 3, step: 9, timestamp: at });
      await plainMetric(client, 1, { name: 'a:b', split: 'val', value: 'NaN', step: 4, timestamp: at });
      await plainMetric(client, 1, { value: '-Infinity', epoch: 0, timestamp: at });
      for (const timestamp of times) await plainPrediction(client, 7, { timestamp });
      await plainPrediction(client, 8, { confidence: '0', inference_time_ms: '0', timestamp: at });
    },
    async () => {
      await store.logMetric(1, { metricName: 'loss', metricValue: 1e-5, epoch: 3, step: 9, timestamp: at });
      await store.logMetrics(1, [
        { metricName: 'a:b', split: 'val', metricValue: NaN, step: 4, timestamp: at },
        { metricName: 'loss', metricValue: -Infinity, epoch: 0, timestamp: at },
      ]);
      const one = {
        modelVersionId: 7,
        input: { x: 1 },
        output: { y: 2 },
        confidence: 0.9,
        inferenceTimeMs: 12.5,
      };
      const [first, ...others] = times.map((timestamp) => ({ ...one, timestamp }));
      if (first) await store.logPrediction(first);
      await store.logPredictions([
        ...others,
        { ...one, modelVersionId: 8, confidence: null, inferenceTimeMs: null, timestamp: at },
      ]);
    },
  );
});

test('updates and deletions leave what a plain writer would', async () => {
  const { client } = redis;
  await expectSame(
    async () => {
      await plainModel(client, { name: 'kept', created_at: at });
      await plainModel(client, { name: 'new', architecture: 'B', created_at: at });
      await plainRun(client, 1, { status: 'completed', completed_at: at, started_at: at, final_loss: 'nan' });
      await plainExperiment(client, { status: 'stopped', created_at: at, completed_at: at });
      await client.mset(
        'aidb:counter:version',
        '1',
        'aidb:counter:dataset',
        '1',
        'aidb:counter:prediction',
        '1',
      );
      await client.mset('aidb:counter:model', '3', 'aidb:counter:run', '2', 'aidb:counter:experiment', '2');
    },
    async () => {
      await store.createModel({ name: 'kept', createdAt: at });
      await store.createModel({ name: 'old', createdAt: at });
      expect(await store.updateModel(2, { name: 'new', architecture: 'B', updatedAt: at })).toBe(true);
      await store.createModel({ name: 'gone' });
      expect(await store.deleteModel(3)).toBe(true);
      await store.createModelVersion({ modelId: 1, version: '1' });
      expect(await store.deleteModelVersion(1)).toBe(true);
      await store.createDataset({ name: 'd' });
      expect(await store.deleteDataset(1)).toBe(true);
      await store.createTrainingRun({ modelVersionId: 1, startedAt: at });
      await store.completeTrainingRun(1, { completedAt: at, finalLoss: NaN });
      await store.createTrainingRun({ modelVersionId: 1 });
      expect(await store.deleteTrainingRun(2)).toBe(true);
      await store.logHyperparameters(1, { lr: 1 });
      expect(await store.deleteHyperparameters(1)).toBe(true);
      await store.logMetric(1, { metricName: 'loss', metricValue: 1 });
      expect(await store.deleteMetric(1, { metricName: 'loss' })).toBe(true);
      await store.createExperiment({ name: 'ablation', createdAt: at });
      await store.updateExperiment(1, { status: 'stopped', completedAt: at });
      await store.createExperiment({ name: 'x' });
      expect(await store.deleteExperiment(2)).toBe(true);
      await store.addRunToExperiment({ experimentId: 1, trainingRunId: 1 });
      expect(await store.deleteExperimentRun(1, 1)).toBe(true);
      await store.logPrediction({ modelVersionId: 1 });
      expect(await store.deletePrediction(1)).toBe(true);
    },
  );
});

test('a name that two models share leads to the newer one, also after the older one is renamed or deleted', async () => {
  const older = await store.createModel({ name: 'shared' });
  const newer = await store.createModel({ name: 'shared' });
  expect((await store.getModelByName('shared'))?.id).toBe(newer);
  await store.updateModel(older, { name: 'other' });
  expect((await store.getModelByName('shared'))?.id).toBe(newer);
  expect((await store.getModelByName('other'))?.id).toBe(older);
  await store.deleteModel(older);
  expect(await store.getModelByName('other')).toBeUndefined();
  expect((await store.getModelByName('shared'))?.id).toBe(newer);
});

test('without a time the server’s is taken, in UTC and with microseconds', async () => {
  const [seconds, micros] = (await redis.client.time()).map(Number);
  const id = await store.createModel({ name: 'm' });
  const created = (await store.getModel(id))?.createdAt ?? '';
  expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/);
  const elapsed = Date.parse(`${created}Z`) - ((seconds ?? 0) * 1000 + Math.floor((micros ?? 0) / 1000));
  expect(elapsed).toBeGreaterThanOrEqual(0);
  expect(elapsed).toBeLessThan(2_000);
});

test('what is deleted or updated but does not exist is said so, and nothing is written', async () => {
  expect(await store.updateModel(1, { name: 'x' })).toBe(false);
  expect(await store.completeTrainingRun(1)).toBe(false);
  expect(await store.deleteModel(1)).toBe(false);
  expect(await store.deleteModelVersion(1)).toBe(false);
  expect(await store.deletePrediction(1)).toBe(false);
  expect(await store.deleteMetric(1, { metricName: 'loss' })).toBe(false);
  expect(await store.deleteHyperparameters(1)).toBe(false);
  expect(await store.deleteExperimentRun(1, 1)).toBe(false);
  expect(await redis.client.dbsize()).toBe(0);
});

test('a packed prediction is what stands in its hash', async () => {
  await store.createModelVersion({ modelId: 1, version: '1' });
  const created = await redis.client.hget('aidb:version:1', 'created_at');
  await store.logPrediction({ modelVersionId: 1, input: 'null', metadata: { متن: '😀' } });
  await store.logPrediction({ modelVersionId: 2, confidence: 1e-7 });
  const entries = await redis.client.xrangeBuffer('millrace:changes', '-', '+');
  const packed = entries.slice(1).map(([, fields]) => fields.map(String)[0] === 'prediction=' && fields[1]);
  for (const [index, value] of packed.entries()) {
    const hash = await redis.client.hgetall(`aidb:prediction:${index + 1}`);
    const { id, ...rest } = hash;
    const expected = [id, index === 0 ? (created ?? '') : undefined, ...Object.values(rest)];
    expect(value).toEqual(pack(expected));
    expect(unpack(value as Buffer).map((part) => part?.toString())).toEqual(expected);
  }
  expect(packed).toHaveLength(2);
});
