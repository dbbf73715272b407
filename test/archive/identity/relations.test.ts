import { eventually } from '../../support/eventually';
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

const archive = useArchive();
const { start, becomes, lines, letters, untilParked } = archive;

/** What the ids in Redis will be: all different, and none of them what Postgres would count. */
const ids = { model: 34, dataset: 8, version: 12, run: 21, experiment: 5, prediction: 77 };

async function setCounters(): Promise<void> {
  for (const [kind, id] of Object.entries(ids))
    await archive.redis.client.set(`aidb:counter:${kind}`, String(id - 1));
}

/** Tables that other programs have used: their ids are elsewhere. */
async function useTables(): Promise<void> {
  const many = 'FROM generate_series(1, 100) AS n';
  await archive.postgres.query(
    `INSERT INTO models (name) SELECT 'other ' || n ${many}; INSERT INTO datasets (name) SELECT 'other ' || n ${many};
     INSERT INTO experiments (name) SELECT 'other ' || n ${many};
     INSERT INTO model_versions (model_id, version) SELECT n, 'other' ${many};
     INSERT INTO training_runs (run_name) SELECT 'other' ${many}`,
  );
}

type Writers = Readonly<Record<string, () => Promise<unknown>>>;

/** Each writes one record that names its parents, by plain commands as Python does. */
const plain: Writers = {
  model: () => plainModel(archive.redis.client, { name: 'resnet' }),
  dataset: () => plainDataset(archive.redis.client, { name: 'imagenet' }),
  experiment: () => plainExperiment(archive.redis.client, { name: 'ablation' }),
  version: () => plainVersion(archive.redis.client, ids.model, { version: '1.0' }),
  run: () =>
    plainRun(archive.redis.client, ids.version, { dataset_id: String(ids.dataset), run_name: 'first' }),
  hyperparam: () => plainHyperparams(archive.redis.client, ids.run, { lr: '1e-05' }),
  metric: () => plainMetric(archive.redis.client, ids.run, { epoch: 1, value: '0.25' }),
  exprun: () => plainExprun(archive.redis.client, ids.experiment, ids.run, { variant_name: 'baseline' }),
  prediction: () => plainPrediction(archive.redis.client, ids.version, { input: '{"x": 7}' }),
};

/** The same through the function library. */
const called: Writers = {
  model: () => archive.store.createModel({ name: 'resnet' }),
  dataset: () => archive.store.createDataset({ name: 'imagenet' }),
  experiment: () => archive.store.createExperiment({ name: 'ablation' }),
  version: () => archive.store.createModelVersion({ modelId: ids.model, version: '1.0' }),
  run: () =>
    archive.store.createTrainingRun({
      modelVersionId: ids.version,
      datasetId: ids.dataset,
      runName: 'first',
    }),
  hyperparam: () => archive.store.logHyperparameters(ids.run, { lr: 1e-5 }),
  metric: () =>
    archive.store.logMetric(ids.run, { metricName: 'loss', metricValue: 0.25, epoch: 1, split: 'train' }),
  exprun: () =>
    archive.store.addRunToExperiment({
      experimentId: ids.experiment,
      trainingRunId: ids.run,
      variantName: 'baseline',
    }),
  prediction: () =>
    archive.store.logPrediction({
      modelVersionId: ids.version,
      input: { x: 7 },
      output: { y: 2 },
      confidence: 0.9,
    }),
};

const childrenFirst = ['exprun', 'metric', 'hyperparam', 'prediction', 'run', 'experiment', 'version'];
const everything = [...childrenFirst, 'dataset', 'model'];

/** Every relation there is, by names. */
const relations: readonly (readonly [sql: string, expected: readonly string[]])[] = [
  [
    `SELECT v.version, m.name FROM model_versions v JOIN models m ON m.id = v.model_id WHERE v.version <> 'other'`,
    ['1.0|resnet'],
  ],
  [
    `SELECT r.run_name, v.version, m.name, d.name FROM training_runs r JOIN model_versions v ON v.id = r.model_version_id
     JOIN models m ON m.id = v.model_id JOIN datasets d ON d.id = r.dataset_id`,
    ['first|1.0|resnet|imagenet'],
  ],
  [
    `SELECT r.run_name, param_name, param_value FROM hyperparameters h JOIN training_runs r ON r.id = h.training_run_id`,
    ['first|lr|1e-05'],
  ],
  [
    'SELECT r.run_name, metric_name, metric_value FROM metrics m JOIN training_runs r ON r.id = m.training_run_id',
    ['first|loss|0.25'],
  ],
  [
    `SELECT e.name, r.run_name, variant_name FROM experiment_runs x JOIN experiments e ON e.id = x.experiment_id
     JOIN training_runs r ON r.id = x.training_run_id`,
    ['ablation|first|baseline'],
  ],
  [
    `SELECT p.redis_id, v.version, m.name, replace(p.input_data::text, ' ', '') FROM predictions p
     JOIN model_versions v ON v.id = p.model_version_id JOIN models m ON m.id = v.model_id`,
    ['77|1.0|resnet|{"x":7}'],
  ],
];

async function expectRelations(): Promise<void> {
  for (const [sql, expected] of relations) await becomes(sql, expected);
  await untilParked();
  const [far] = await lines(
    `SELECT (SELECT id FROM models WHERE name = 'resnet') > 100, (SELECT id FROM datasets WHERE name = 'imagenet') > 100`,
  );
  expect(far).toBe('t|t');
}

describe.each([
  ['plain commands and the mirror', plain],
  ['the function library', called],
])('through %s', (_way, write) => {
  beforeEach(async () => {
    await start();
    await useTables();
    await setCounters();
  });

  test('children written at once before their parents land under the right rows', async () => {
    for (const kind of everything) await write[kind]?.();
    await expectRelations();
  });

  test('children that come long before their parents wait for them, and land within seconds when these come', async () => {
    for (const kind of childrenFirst) await write[kind]?.();
    // The experiment has no parents.
    await untilParked(
      'aidb:exprun:5:21',
      'aidb:hyperparam:21',
      'aidb:metric:21:loss:train',
      'aidb:prediction:77',
      'aidb:run:21',
      'aidb:version:12',
    );
    await eventually(async () =>
      expect((await letters()).map(({ waiting_for }) => waiting_for)).toEqual([
        'run:21',
        'run:21',
        'run:21',
        'version:12',
        'version:12',
        'model:34',
      ]),
    );
    expect(new Set((await letters()).map(({ code }) => code))).toEqual(new Set(['E_PARENT']));
    await write['model']?.();
    // The run still lacks its dataset; what does not belong to it lands.
    await untilParked('aidb:exprun:5:21', 'aidb:hyperparam:21', 'aidb:metric:21:loss:train', 'aidb:run:21');
    await eventually(async () =>
      expect((await letters()).find(({ key }) => key === 'aidb:run:21')?.waiting_for).toBe('dataset:8'),
    );
    await write['dataset']?.();
    await expectRelations();
  });
});

test('a full pass alone brings a family under the right rows, in whatever order it meets it', async () => {
  const first = await start({ MIRROR: 'off' });
  await first.stop();
  await useTables();
  await setCounters();
  for (const kind of everything) await plain[kind]?.();
  await start({ MIRROR: 'off' });
  await expectRelations();
});

test('what waits is named: the parent, its id, the column', async () => {
  await start();
  await plainPrediction(archive.redis.client, 4711);
  await untilParked('aidb:prediction:1');
  expect(await letters()).toMatchObject([
    {
      code: 'E_PARENT',
      column_name: 'model_version_id',
      waiting_for: 'version:4711',
      message: 'waits for version 4711, which is not there',
    },
  ]);
});

describe.each([
  ['the function library', true],
  ['plain HSET', false],
])('updates through %s', (_way, functions) => {
  test('of a model reach its row', async () => {
    await start();
    const { store, redis } = archive;
    const id = await store.createModel({ name: 'resnet', createdAt: '2026-01-01T00:00:00' });
    await becomes('SELECT name, description FROM models', ['resnet|']);
    if (functions)
      await store.updateModel(id, { description: 'با توضیح', updatedAt: '2026-02-02T00:00:00.5' });
    else
      await redis.client.hset(`aidb:model:${id}`, {
        description: 'با توضیح',
        updated_at: '2026-02-02T00:00:00.5',
      });
    await becomes(`SELECT name, description, to_char(updated_at, 'MM-DD SS.MS') FROM models`, [
      'resnet|با توضیح|02-02 00.500',
    ]);
  });

  test('of a run reach its row: status, end, loss', async () => {
    await start();
    const { store, redis } = archive;
    const version = await store.createModelVersion({
      modelId: await store.createModel({ name: 'm' }),
      version: '1',
    });
    const run = await store.createTrainingRun({ modelVersionId: version, runName: 'r' });
    const sql = `SELECT status, to_char(completed_at, 'HH24:MI'), final_loss, best_metric_value, duration_seconds FROM training_runs`;
    await becomes(sql, ['running||||']);
    const times = { duration: '61.5', loss: '0.125', best: '0.9' };
    if (functions) {
      await store.completeTrainingRun(run, {
        completedAt: '2026-03-01T12:30:00+03:30',
        durationSeconds: 61.5,
        finalLoss: 0.125,
        bestMetricValue: 0.9,
      });
    } else {
      await redis.client.hset(`aidb:run:${run}`, 'status', 'completed');
      await redis.client.hset(`aidb:run:${run}`, {
        completed_at: '2026-03-01T12:30:00+03:30',
        duration_seconds: times.duration,
        final_loss: times.loss,
        best_metric_value: times.best,
      });
    }
    await becomes(sql, ['completed|09:00|0.125|0.9|61.5']);
    // And back to none.
    await redis.client.hset(`aidb:run:${run}`, { completed_at: '', final_loss: '0.0', status: 'running' });
    await becomes(sql, ['running|||0.9|61.5']);
  });

  test('of hyperparameters overwrite those of the same names and leave the others', async () => {
    await start();
    const { store, redis } = archive;
    const version = await store.createModelVersion({
      modelId: await store.createModel({ name: 'm' }),
      version: '1',
    });
    const run = await store.createTrainingRun({ modelVersionId: version });
    await store.logHyperparameters(run, { lr: 0.1, epochs: 3 });
    const sql = 'SELECT param_name, param_value FROM hyperparameters ORDER BY 1';
    await becomes(sql, ['epochs|3', 'lr|0.1']);
    if (functions) await store.logHyperparameters(run, { lr: 1e-5, amp: true, warmup: null });
    else await redis.client.hset(`aidb:hyperparam:${run}`, { lr: '1e-05', amp: 'True', warmup: 'None' });
    await becomes(sql, ['amp|True', 'epochs|3', 'lr|1e-05', 'warmup|None']);
  });

  test('of an experiment and of a run in it reach their rows', async () => {
    await start();
    const { store, redis } = archive;
    const version = await store.createModelVersion({
      modelId: await store.createModel({ name: 'm' }),
      version: '1',
    });
    const run = await store.createTrainingRun({ modelVersionId: version });
    const experiment = await store.createExperiment({ name: 'e' });
    await store.addRunToExperiment({
      experimentId: experiment,
      trainingRunId: run,
      variantName: 'a',
      notes: '',
    });
    const sql = 'SELECT status, completed_at IS NULL, results, hypothesis FROM experiments';
    const runs = 'SELECT variant_name, notes FROM experiment_runs';
    await becomes(sql, ['active|t|{}|']);
    await becomes(runs, ['a|']);
    if (functions) {
      await store.completeExperiment(experiment, { results: { best: 1 }, hypothesis: 'h' });
      await store.addRunToExperiment({
        experimentId: experiment,
        trainingRunId: run,
        variantName: 'b',
        notes: 'again',
      });
    } else {
      await redis.client.hset(`aidb:experiment:${experiment}`, {
        status: 'completed',
        completed_at: '2026-01-01T00:00:00',
        results: '{"best":1}',
        hypothesis: 'h',
      });
      await redis.client.hset(`aidb:exprun:${experiment}:${run}`, { variant_name: 'b', notes: 'again' });
    }
    await becomes(
      `SELECT status, completed_at IS NULL, replace(results::text, ' ', ''), hypothesis FROM experiments`,
      ['completed|f|{"best":1}|h'],
    );
    await becomes(runs, ['b|again']);
  });
});

test('dataset 0 is no dataset, and a run that gets one later refers to it', async () => {
  await start();
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client));
  const run = await plainRun(client, version, { run_name: 'r', dataset_id: '0' });
  const sql =
    'SELECT r.run_name, r.dataset_id IS NULL, d.name FROM training_runs r LEFT JOIN datasets d ON d.id = r.dataset_id';
  await becomes(sql, ['r|t|']);
  const dataset = await plainDataset(client, { name: 'late' });
  await client.hset(`aidb:run:${run}`, 'dataset_id', String(dataset));
  await becomes(sql, ['r|f|late']);
  await client.hset(`aidb:run:${run}`, 'dataset_id', '0');
  await becomes(sql, ['r|t|']);
});

test('a run may be in two experiments, and in one of them once', async () => {
  await start();
  const { client } = archive.redis;
  const run = await plainRun(client, await plainVersion(client, await plainModel(client)));
  const one = await plainExperiment(client, { name: 'one' });
  const two = await plainExperiment(client, { name: 'two' });
  for (const experiment of [one, two, one])
    await plainExprun(client, experiment, run, { notes: `in ${experiment}` });
  await becomes(
    'SELECT e.name, x.notes FROM experiment_runs x JOIN experiments e ON e.id = x.experiment_id ORDER BY 1',
    [`one|in ${one}`, `two|in ${two}`],
  );
});

test('sets of runs, name_to_id, counters and indexes are no records: nothing is parked for them', async () => {
  const { client } = archive.redis;
  await plainExprun(
    client,
    await plainExperiment(client),
    await plainRun(client, await plainVersion(client, await plainModel(client))),
  );
  const daemon = await start();
  await client.sadd('aidb:exprun:1:runs', '2');
  await client.hset('aidb:model:name_to_id', 'another', '99');
  await plainModel(client, { name: 'last' });
  await becomes('SELECT name FROM models ORDER BY id', ['ResNet', 'last']);
  const { differences } = await archive.pass(daemon);
  expect(differences).toEqual({});
  expect(await letters()).toEqual([]);
  expect(await lines('SELECT count(*) FROM experiment_runs')).toEqual(['1']);
});
