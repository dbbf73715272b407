import { eventually } from '../support/eventually';
import type { TestDaemon } from '../support/daemon';
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
import { caughtUp } from './support/in-step';
import { allKeptBack, contentsOf, toldOf, versionsOfRows, warmed } from './support/warm';

const archive = useArchive();
const client = () => archive.redis.client;

/** One of everything, as Python writes it, and what has bitten somebody. */
async function writePlainly(): Promise<void> {
  const c = client();
  const model = await plainModel(c, {
    name: 'مدل «فارسی»',
    description: 'C:\\new\t\\.\n',
    input_shape: '[224, 224, 3]',
  });
  await plainModel(c, {
    name: 'BERT',
    created_at: '2026-01-05T14:30:00',
    updated_at: '2026-01-06T00:00:00.000001',
  });
  await c.hset('aidb:model:3', { id: '3', name: 'without updated_at', created_at: '2026-01-07T00:00:00' });
  await c.incr('aidb:counter:model');
  await c.zadd('aidb:idx:models', 3, '3');
  await c.hset('aidb:model:name_to_id', 'without updated_at', '3');
  const version = await plainVersion(c, model, {
    config: '{"layers": 1152921504606846977, "a": 1.0, "a": 1e-07}',
  });
  const dataset = await plainDataset(c, { size_bytes: '150000000000', num_samples: '1152921504606846977' });
  const run = await plainRun(c, version, {
    dataset_id: String(dataset),
    run_name: 'اجرا',
    final_loss: '1e-05',
  });
  const second = await plainRun(c, version, {
    ...{ started_at: '2026-01-05T14:30:00.5'.padEnd(26, '0'), completed_at: '2026-01-05T15:00:00' },
    ...{
      duration_seconds: '1800.0',
      best_metric_value: 'nan',
      final_loss: '1e+16',
      artifacts: '["\\u06cc", 1e-07]',
    },
  });
  await plainHyperparams(c, run, { lr: '1e-05', amp: 'True', seed: 'None', نام: '', layers: '[1, 2]' });
  await plainMetric(c, run, { epoch: 1, value: '0.5' });
  await plainMetric(c, run, { epoch: 1, value: 'NaN' });
  await plainMetric(c, run, { step: 7, value: '-Infinity', name: 'a:b', split: 'val' });
  await plainMetric(c, run, { value: '1.0', timestamp: '2026-01-05T14:30:00' });
  await plainMetric(c, run, { epoch: 2, value: '3', timestamp: '2026-01-05T14:30:00Z' });
  await plainMetric(c, second, { epoch: 3, value: '-0.0' });
  const persian =
    '{"epoch": 1, "step": null, "metric_name": "\\u062f\\u0642\\u062a", "metric_value": 1e-07, "split": "val", "timestamp": "2026-01-05T14:30:00.000001"}';
  await plainMetric(c, run, { name: 'دقت', split: 'val', epoch: 1, member: persian });
  const compact =
    '{"epoch":4,"step":null,"metric_name":"loss","metric_value":0.25,"split":"val","timestamp":"2026-01-05T14:30:00.123Z"}';
  await plainMetric(c, run, { split: 'val', epoch: 4, member: compact });
  const experiment = await plainExperiment(c, { results: '{"best": 1.0}' });
  await plainExprun(c, experiment, run, { variant_name: 'پایه', notes: 'first\nsecond' });
  await plainExprun(c, experiment, second);
  await plainPrediction(c, version, {
    input: '{"\\u06cc": 1.0}',
    confidence: '0.1',
    metadata: '{"big": 9007199254740993}',
  });
  await plainPrediction(c, version, {
    confidence: '0',
    inference_time_ms: '1e-05',
    timestamp: '2026-01-05T14:30:00',
  });
  await plainPrediction(c, version, {
    timestamp: '1969-07-20T20:17:40.000001',
    output: `{"text": "${'ب'.repeat(300_000)}"}`,
  });
}

async function writeByFunctions(): Promise<void> {
  const { store } = archive;
  const modelId = await store.createModel({ name: 'ResNet50', inputShape: [224, 224, 3] });
  const modelVersionId = await store.createModelVersion({ modelId, version: '1', config: { layers: 50 } });
  const datasetId = await store.createDataset({ name: 'CIFAR', sizeBytes: 2n ** 60n + 1n });
  const runId = await store.createTrainingRun({ modelVersionId, datasetId, runName: 'first' });
  await store.logHyperparameters(runId, { lr: 1e-5, amp: true, layers: [1, 2] });
  await store.logMetrics(runId, [
    { metricName: 'loss', metricValue: 0.31, epoch: 1 },
    { metricName: 'loss', metricValue: 1, epoch: 2 },
    { metricName: 'f1 «ی»', metricValue: NaN, step: 3, split: 'val' },
  ]);
  await store.completeTrainingRun(runId, { finalLoss: 0.31 });
  const experimentId = await store.createExperiment({ name: 'ablation 2' });
  await store.addRunToExperiment({ experimentId, trainingRunId: runId, variantName: 'a' });
  await store.logPredictions([
    { modelVersionId, input: { image: 'گربه.png' }, output: { class: 'cat' }, confidence: 0.93 },
    { modelVersionId, input: '{"x": 1.0}', output: {}, inferenceTimeMs: 2.5 },
  ]);
}

/** Archives what Redis holds, and ends the daemon. */
async function archiveAll(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const daemon = await archive.start(settings);
  await inStep(daemon);
  await daemon.stop();
}

async function inStep(daemon: TestDaemon): Promise<void> {
  await caughtUp(archive, daemon.running);
  await eventually(async () => expect(await archive.differences()).toEqual({}), { alive: daemon.running });
}

test('a Redis that lost everything is, after warm, byte for byte what it was, and a pass finds no difference', async () => {
  await writePlainly();
  await writeByFunctions();
  await archiveAll();
  const before = await contentsOf(client());
  const rows = await versionsOfRows(archive.postgres);
  await client().flushall();

  const report = await warmed(archive);
  expect(await contentsOf(client())).toEqual(before);
  expect(allKeptBack(report)).toBe(0);
  expect(toldOf(report, 'metric')).toEqual({ restored: 11 });
  expect(await archive.differences()).toEqual({});
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);

  const again = await warmed(archive);
  expect(toldOf(again, 'model')).toEqual({ there: 4 });
  expect(toldOf(again, 'prediction')).toEqual({ there: 5 });
  expect(toldOf(again, 'hyperparam')).toEqual({ there: 8 });
  expect(await contentsOf(client())).toEqual(before);
});
