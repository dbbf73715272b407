import fc from 'fast-check';
import { eventually } from '../../support/eventually';
import type { TestDaemon } from '../../support/daemon';
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
} from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { ExpectedRows } from '../support/expected-rows';
import { caughtUp, emptied } from '../support/in-step';
import { allKeptBack, contentsOf, toldOf, versionsOfRows, warmed } from '../support/warm';
import { anyRecords, writeFidelityParents, writePlain } from '../support/write-records';
import { inZone } from '../support/zone';

inZone('Asia/Tehran');

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

test('two at once put each record back once, byte for byte', async () => {
  await writePlainly();
  await writeByFunctions();
  await archiveAll();
  const before = await contentsOf(client());
  await client().flushall();
  const reports = await Promise.all([warmed(archive), warmed(archive)]);
  const restored = (kind: 'model' | 'prediction') =>
    reports.reduce((sum, report) => sum + (toldOf(report, kind)['restored'] ?? 0), 0);
  expect([restored('model'), restored('prediction')]).toEqual([4, 5]);
  expect(await contentsOf(client())).toEqual(before);
});

test('a partial Redis gets what it lacks: records, points, hyperparameters, index entries', async () => {
  await writePlainly();
  await archiveAll();
  const before = await contentsOf(client());
  await client().del(
    'aidb:prediction:2',
    'aidb:run:1',
    'aidb:dataset:1',
    'aidb:exprun:1:1',
    'aidb:counter:run',
  );
  await client().zrem('aidb:idx:predictions:1', '1', '2');
  await client().del('aidb:idx:versions:1', 'aidb:exprun:1:runs', 'aidb:model:name_to_id');
  await client().hdel('aidb:hyperparam:1', 'amp');
  await client().zremrangebyrank('aidb:metric:1:loss:train', 0, 1);
  await client().hset('aidb:model:name_to_id', 'BERT', '99'); // no such model
  await client().hset('aidb:model:1', 'description', 'newer than Postgres has it');

  const report = await warmed(archive);
  const model = { 'aidb:model:1': (await contentsOf(client()))['aidb:model:1'] };
  const names = { 'aidb:model:name_to_id': { BERT: '99' } }; // models that are there keep what name_to_id says of them
  expect(await contentsOf(client())).toEqual({ ...before, ...model, ...names });
  expect(JSON.stringify(model)).toContain('newer than Postgres has it');
  expect(toldOf(report, 'metric')).toEqual({ restored: 2, there: 6 });
  expect(toldOf(report, 'hyperparam')).toEqual({ restored: 1, there: 4 });
  expect(toldOf(report, 'prediction')).toEqual({ restored: 1, there: 2 });
});

test('only the newest predictions of each version come back, as many as asked for, and nothing older than the limit', async () => {
  const model = await plainModel(client());
  for (const version of [
    await plainVersion(client(), model),
    await plainVersion(client(), model, { version: '2' }),
  ]) {
    for (let n = 1; n <= 4; n++)
      await plainPrediction(client(), version, { timestamp: `2026-01-0${n}T00:00:00` });
  }
  await archiveAll();
  await client().flushall();
  const ids = async () => [
    await client().zrange('aidb:idx:predictions:1', 0, -1),
    await client().zrange('aidb:idx:predictions:2', 0, -1),
  ];
  expect(toldOf(await warmed(archive, { limits: { newest: 0 } }), 'prediction')).toEqual({ left: 8 });
  expect(await ids()).toEqual([[], []]);
  expect(await client().get('aidb:counter:prediction')).toBe('8');
  const two = await warmed(archive, { limits: { newest: 2 } });
  expect(toldOf(two, 'prediction')).toEqual({ restored: 4, left: 4 });
  expect(await ids()).toEqual([
    ['4', '3'],
    ['8', '7'],
  ]);
  const since = { prediction: new Date('2026-01-02T00:00:00Z') };
  const young = await warmed(archive, { limits: { newest: 'all', since } });
  expect(toldOf(young, 'prediction')).toEqual({ restored: 2, there: 4, left: 2 });
  expect(await ids()).toEqual([
    ['4', '3', '2'],
    ['8', '7', '6'],
  ]);
});

test('rows of other programs, and rows changed so that Redis would tell them otherwise, stay in Postgres and are counted', async () => {
  await writePlainly();
  await archiveAll();
  await client().flushall();
  await archive.postgres.query(`
    INSERT INTO models (name) VALUES ('of another program');
    INSERT INTO predictions (model_version_id, input_data) VALUES (1, '{}'), (NULL, '{}');
    INSERT INTO metrics (training_run_id, metric_name) VALUES (1, 'theirs');
    UPDATE metrics SET metric_value = 0.125 WHERE metric_value = 0.5;
    UPDATE models SET created_at = created_at - interval '1 day' WHERE name = 'BERT';
    UPDATE training_runs SET final_loss = 0 WHERE run_name <> '';
    UPDATE datasets SET description = 'changed in Postgres';
    UPDATE experiments SET completed_at = 'infinity'`);
  const report = await warmed(archive);
  expect(toldOf(report, 'model')).toEqual({ restored: 2, unlike: 1, foreign: 1 });
  expect(toldOf(report, 'prediction')).toEqual({ restored: 3, foreign: 2 });
  expect(toldOf(report, 'run')).toEqual({ restored: 1, unlike: 1 });
  expect(toldOf(report, 'metric')).toEqual({ restored: 1, orphaned: 7, foreign: 1 });
  expect(toldOf(report, 'hyperparam')).toEqual({ orphaned: 5 });
  expect(toldOf(report, 'experiment')).toEqual({ unlike: 1 });
  expect(toldOf(report, 'exprun')).toEqual({ orphaned: 2 });
  expect(toldOf(report, 'dataset')).toEqual({ restored: 1 });
  expect(await archive.differences()).toEqual({});
  await archive.postgres.query('UPDATE training_runs SET final_loss = NULL');
  expect(toldOf(await warmed(archive), 'metric')).toEqual({ restored: 6, there: 1, unlike: 1, foreign: 1 });
});

test('counters end up above every id ever used, and are never lowered', async () => {
  await plainModel(client());
  await plainVersion(client(), 1);
  await client().set('aidb:counter:prediction', '40');
  await plainPrediction(client(), 1); // 41
  await plainPrediction(client(), 77); // 42, parked: there is no version 77
  const daemon = await archive.start();
  await archive.untilParked('aidb:prediction:42');
  await daemon.stop();
  await archive.postgres.query(
    `INSERT INTO predictions (redis_id, "timestamp") VALUES (9000000000000000000, now())`,
  );
  await archive.postgres.query(
    `UPDATE millrace.checkpoint SET seen = jsonb_set(seen::jsonb, '{counters,dataset}', '"8"')::json`,
  );
  const counters = () =>
    client().mget(['model', 'version', 'dataset', 'run', 'prediction'].map((kind) => `aidb:counter:${kind}`));

  await client().flushall();
  await warmed(archive, { limits: { newest: 0 } });
  expect(await counters()).toEqual(['1', '77', '8', null, '42']);
  await client().mset({ 'aidb:counter:model': '500', 'aidb:counter:version': '7' });
  await client().hset('aidb:version:312', 'id', '312'); // Postgres has not heard of it yet
  await warmed(archive);
  expect(await counters()).toEqual(['500', '312', '8', null, '42']);
});

test.each([
  ['text', () => client().set('aidb:counter:run', 'many')],
  ['a list', () => client().lpush('aidb:counter:run', '1')],
])('a counter that holds %s is an error, before anything is written', async (_what, spoil) => {
  await writePlainly();
  await archiveAll();
  await client().flushall();
  await spoil();
  const error = warmed(archive);
  await expect(error).rejects.toMatchObject({
    code: 'E_COUNTER',
    message: expect.stringContaining('aidb:counter:run') as string,
  });
  expect(await client().keys('aidb:*')).toEqual(['aidb:counter:run']);
});

test('where a key that is needed holds something else, the record is kept back and the rest comes', async () => {
  await writePlainly();
  await archiveAll();
  await client().flushall();
  await client().set('aidb:idx:predictions:1', 'not ours');
  await client().set('aidb:metric:1:loss:train', 'not ours');
  await client().set('aidb:dataset:1', 'not ours');
  const report = await warmed(archive);
  expect(toldOf(report, 'prediction')).toEqual({ inUse: 3 });
  expect(toldOf(report, 'dataset')).toEqual({ inUse: 1 });
  expect(toldOf(report, 'run')).toEqual({ restored: 1, orphaned: 1 });
  expect(await client().exists('aidb:prediction:1')).toBe(0);
  expect(await client().get('aidb:idx:predictions:1')).toBe('not ours');
});

test('a dry run says what would be done, and writes nothing', async () => {
  await writePlainly();
  await archiveAll();
  await client().flushall();
  const dry = await warmed(archive, { dryRun: true });
  expect(await client().dbsize()).toBe(0);
  const real = await warmed(archive);
  expect(dry.tallies).toEqual(real.tallies);
  expect(dry.counters).toEqual(real.counters);
});

test('whatever was archived comes back so that a pass finds no difference, in any zone', async () => {
  await fc.assert(
    fc.asyncProperty(anyRecords, async (records) => {
      await client().flushall();
      await emptied(archive.postgres);
      await writeFidelityParents(client());
      await writePlain(client(), new ExpectedRows(), records);
      await archiveAll();
      await client().flushall();
      const report = await warmed(archive);
      expect(report.tallies['prediction']?.restored).toBeGreaterThan(100);
      for (const kind of ['model', 'run', 'hyperparam', 'exprun', 'prediction'] as const)
        expect({ kind, ...toldOf(report, kind) }).not.toHaveProperty('unlike');
      // The others are in zones, or past 2^53, of which Postgres keeps too little.
      expect(report.tallies['metric']?.restored).toBeGreaterThan(10);
      expect(await archive.differences()).toEqual({});
    }),
    { numRuns: 2, endOnFailure: true },
  );
}, 60_000);
