import { PackedReader, unpack } from '../../src/archive/record/packed';
import { ModelStore } from '../../src/writer/model-store';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
let store: ModelStore;
beforeAll(async () => {
  redis = await testRedis();
  store = new ModelStore(redis.url);
});
beforeEach(() => redis.client.flushdb());
afterAll(() => store.close());

/** The entries as lists of [field, value]. */
async function entries(): Promise<[string, Buffer][][]> {
  const found = await redis.client.xrangeBuffer('millrace:changes', '-', '+');
  return found.map(([, fields]) =>
    fields.flatMap((field, index) =>
      index % 2 === 0 ? [[String(field), fields[index + 1]] as [string, Buffer]] : [],
    ),
  );
}
const texts = (packed: Buffer | undefined) =>
  unpack(packed ?? Buffer.alloc(0)).map((value) => value?.toString());

test('every write nominates its record, every deletion says so', async () => {
  await store.createModel({ name: 'm' });
  await store.updateModel(1, { description: 'd' });
  await store.createModelVersion({ modelId: 1, version: '1' });
  await store.createDataset({ name: 'd' });
  await store.createTrainingRun({ modelVersionId: 1 });
  await store.updateTrainingRun(1, { status: 'failed' });
  await store.completeTrainingRun(1);
  await store.logHyperparameters(1, { lr: 1e-5 });
  await store.createExperiment({ name: 'e' });
  await store.updateExperiment(1, { results: { a: 1 } });
  await store.completeExperiment(1);
  await store.addRunToExperiment({ experimentId: 1, trainingRunId: 1 });
  await store.deleteExperimentRun(1, 1);
  await store.deleteExperiment(1);
  await store.deleteHyperparameters(1);
  await store.deleteTrainingRun(1);
  await store.deleteDataset(1);
  await store.deleteModelVersion(1);
  await store.deleteModel(1);
  expect(
    (await entries()).map((pairs) => pairs.map(([field, value]) => `${field} ${value.toString()}`)),
  ).toEqual(
    [
      ...['model 1', 'model 1', 'version 1', 'dataset 1', 'run 1', 'run 1', 'run 1', 'hyperparam 1'],
      ...['experiment 1', 'experiment 1', 'experiment 1', 'exprun 1:1', 'exprun- 1:1', 'experiment- 1'],
      ...['hyperparam- 1', 'run- 1', 'dataset- 1', 'version- 1', 'model- 1'],
    ].map((pair) => [pair]),
  );
});

test('predictions and metrics carry their record and their parent’s creation time', async () => {
  const at = '2026-01-31T23:59:58.000001';
  await store.createModelVersion({ modelId: 1, version: '1', createdAt: '2025-01-01T00:00:00' });
  await store.createTrainingRun({ modelVersionId: 1, startedAt: '2025-02-02T00:00:00.5' });
  await store.logPrediction({ modelVersionId: 1, input: { متن: '😀' }, timestamp: at });
  await store.logPredictions([{ modelVersionId: 9, confidence: 0.5, timestamp: at }]);
  await store.logMetric(1, { metricName: 'a:b', metricValue: 1e-7, split: 'val', timestamp: at });
  await store.logMetrics(9, [{ metricName: 'متریک "😀"\n', metricValue: Infinity, epoch: 3, timestamp: at }]);
  await store.deletePrediction(1);
  await store.deleteMetric(1, { metricName: 'a:b', split: 'val' });
  const found = (await entries()).slice(2).flat();
  expect(found.map(([field]) => field)).toEqual([
    ...['prediction=', 'prediction=', 'metric=', 'metric=', 'prediction-', 'metric-'],
  ]);
  expect(texts(found[0]?.[1])).toEqual([
    ...[
      '1',
      '2025-01-01T00:00:00',
      '1',
      '{"\\u0645\\u062a\\u0646": "\\ud83d\\ude00"}',
      '{}',
      '0',
      '0',
      at,
      '{}',
    ],
  ]);
  expect(texts(found[1]?.[1])).toEqual(['2', undefined, '9', '{}', '{}', '0.5', '0', at, '{}']);
  const [member] = await redis.client.zrange('aidb:metric:9:متریک "😀"\n:train', 0, -1);
  expect(member).toBe(
    '{"epoch": 3, "step": null, "metric_name": "\\u0645\\u062a\\u0631\\u06cc\\u06a9 \\"\\ud83d\\ude00\\"\\n", ' +
      `"metric_value": Infinity, "split": "train", "timestamp": "${at}"}`,
  );
  expect(texts(found[2]?.[1]).slice(0, 3)).toEqual(['1', '2025-02-02T00:00:00.5', 'a:b:val']);
  expect(texts(found[3]?.[1])).toEqual(['9', undefined, 'متریک "😀"\n:train', member]);
  expect(found.slice(4).map(([, value]) => value.toString())).toEqual(['1', '1:a:b:val']);
});

test('a record over 16 KiB is nominated, not carried, up to 10 MB', async () => {
  const header = '1 - 1 00000 2 1 1 19 2\n'.length;
  const others = '1' + '1' + '{}' + '0' + '0' + '2026-01-01T00:00:00' + '{}';
  const room = 16 * 1024 - header - others.length;
  const json = (size: number) => `"${'x'.repeat(size - 2)}"`;
  const timestamp = '2026-01-01T00:00:00';
  await store.logPrediction({ modelVersionId: 1, input: json(room), timestamp });
  await store.logPrediction({ modelVersionId: 1, input: json(room + 1), timestamp });
  const large = json(10_000_000);
  await store.logPredictions([
    { modelVersionId: 1, output: large },
    { modelVersionId: 1, metadata: json(room + 1), timestamp },
  ]);
  await store.logMetric(1, { metricName: 'm'.repeat(6_000), metricValue: 1 });
  await store.logMetric(1, { metricName: 'm'.repeat(9_000), metricValue: 1 });
  const fields = (await entries()).flat();
  expect(fields.map(([field]) => field)).toEqual([
    ...['prediction=', 'prediction', 'prediction', 'prediction', 'metric=', 'metric'],
  ]);
  expect(fields[0]?.[1]).toHaveLength(16 * 1024);
  expect(fields.slice(1, 4).map(([, value]) => value.toString())).toEqual(['2', '3', '4']);
  expect(fields[5]?.[1].toString()).toBe(`1:${'m'.repeat(9_000)}:train`);
  expect(await redis.client.hget('aidb:prediction:3', 'output')).toBe(large);
});

/** How many records each value carries, by entry. */
const carriedCounts = async () =>
  (await entries()).map((pairs) =>
    pairs.map(([, value]) => {
      const records = new PackedReader(value);
      let count = 0;
      while (records.next()) count++;
      return count;
    }),
  );

test('neighbours are carried in one value, and an entry has at most 100 pairs and 64 KiB', async () => {
  await store.logPredictions(Array.from({ length: 250 }, () => ({ modelVersionId: 1 })));
  expect(await carriedCounts()).toEqual([[250]]);
  await redis.client.del('millrace:changes');
  const input = `"${'x'.repeat(15_000)}"`;
  await store.logPredictions(Array.from({ length: 9 }, () => ({ modelVersionId: 1, input })));
  expect(await carriedCounts()).toEqual([[4], [4], [1]]);
  await redis.client.del('millrace:changes');
  const large = `"${'x'.repeat(16_500)}"`;
  const inputs = Array.from({ length: 301 }, (_, index) => (index % 3 === 1 ? large : '{}'));
  await store.logPredictions(inputs.map((one) => ({ modelVersionId: 1, input: one })));
  const shapes = (await entries()).map((pairs) => pairs.map(([field]) => field));
  expect(shapes.flat()).toHaveLength(201);
  expect(Math.max(...shapes.map((fields) => fields.length))).toBe(100);
  expect(shapes[0]?.slice(0, 5)).toEqual([
    'prediction=',
    'prediction',
    'prediction=',
    'prediction',
    'prediction=',
  ]);
  await redis.client.del('millrace:changes');
  const points = Array.from({ length: 601 }, (_, epoch) => ({
    metricName: 'loss',
    metricValue: 1 / 3,
    epoch,
  }));
  expect(await store.logMetrics(1, points)).toBe(601);
  expect(await redis.client.zcard('aidb:metric:1:loss:train')).toBe(601);
  expect((await carriedCounts()).flat().reduce((sum, count) => sum + count, 0)).toBe(601);
});

test('ids of a bulk are those of its predictions, in order, whatever their versions', async () => {
  await store.logPrediction({ modelVersionId: 3 });
  const versions = Array.from({ length: 600 }, (_, index) => (index % 3) + 1);
  const ids = await store.logPredictions(
    versions.map((modelVersionId, x) => ({ modelVersionId, input: { x } })),
  );
  expect(ids).toEqual(versions.map((_, index) => index + 2));
  const [some] = await store.getPredictions(2, { limit: 1000 });
  expect(some?.modelVersionId).toBe(2);
  expect((await store.getPrediction(601))?.input).toEqual({ x: 599 });
  expect(await redis.client.zcard('aidb:idx:predictions:1')).toBe(200);
});
