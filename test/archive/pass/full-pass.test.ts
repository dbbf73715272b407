import { runCli } from '../../support/run-cli';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { dumpKeyspace } from '../../support/keyspace';
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
import { temporaryFolder } from '../../support/temporary-folder';
import { useArchive } from '../support/archive';

const archive = useArchive();
const { start, becomes, lines, letters, pass, differences, environment } = archive;
const folder = temporaryFolder();

const tables = [
  ...['models', 'model_versions', 'datasets', 'training_runs', 'hyperparameters'],
  ...['metrics', 'experiments', 'experiment_runs', 'predictions'],
];

/** Everything a database holds, ours and Millrace's. */
async function dumpDatabase(): Promise<Record<string, string[]>> {
  const names = await lines(
    `SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
     WHERE table_schema IN ('public', 'millrace') ORDER BY 1`,
  );
  const dump: Record<string, string[]> = {};
  for (const name of names) dump[name] = await lines(`SELECT t.*, xmin FROM ${name} t ORDER BY t::text`);
  for (const name of await lines(
    `SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences ORDER BY 1`,
  ))
    dump[name] = await lines(`SELECT last_value FROM ${name}`);
  return dump;
}

/** The contents of the archive, without the ids that are only Postgres'. */
async function contents(): Promise<Record<string, string[]>> {
  const dump: Record<string, string[]> = {};
  for (const name of tables)
    dump[name] = await lines(`SELECT to_jsonb(t) - 'id' FROM ${name} t ORDER BY (to_jsonb(t) - 'id')::text`);
  return dump;
}

/** One record and more of each kind, written as awkwardly as Python may. */
async function writeAwkward(): Promise<void> {
  const { client } = archive.redis;
  const created = '2026-01-05T14:30:00.000001';
  const model = await plainModel(client, {
    name: 'مدل “۱”\n\\.',
    description: 'C:\\new\ttab',
    created_at: created,
    updated_at: '2026-01-05 14:30:00+03:30',
  });
  const version = await plainVersion(client, model, {
    config: '{"lr":   1e-07, "big": 1152921504606846977, "a": 1.0,\n"a": 1}',
    created_at: '2026-01-05T14:30:00Z',
  });
  const dataset = await plainDataset(client, {
    size_bytes: '150000000000',
    split_info: ' [ 0.7 , 0.30000000000000004 ] ',
    preprocessing: '"\\u06cc\\ud83d\\ude00"',
  });
  const run = await plainRun(client, version, {
    dataset_id: String(dataset),
    final_loss: '1e-05',
    best_metric_value: '0.1',
    duration_seconds: '3723.4500000000003',
    completed_at: '2026-01-05T23:59:59.999999-08:00',
  });
  await plainRun(client, version, { final_loss: 'nan', best_metric_value: 'inf', duration_seconds: '0.0' });
  await plainHyperparams(client, run, { lr: '1e-05', amp: 'True', seed: 'None', '': 'no name', ن: '🙂' });
  for (const value of ['NaN', 'Infinity', '-Infinity', '1e-07', '0'])
    await plainMetric(client, run, { value, epoch: 3 });
  await plainMetric(client, run, { name: 'a:b', split: 'val:1', value: '0.5' });
  const experiment = await plainExperiment(client, {
    results: '{ }',
    completed_at: '2026-02-28T23:00:00.5Z',
  });
  await plainExprun(client, experiment, run, { notes: '' });
  await plainPrediction(client, version, {
    input: '{"x": [1, 1.0, 1e400]}',
    confidence: '0.0',
    inference_time_ms: '1e-05',
    timestamp: '2026-01-05T14:30:00.123456+00:00',
  });
}

test('what plain writers write while nobody listens arrives with the interval pass', async () => {
  await start({ MIRROR: 'off', ARCHIVE_SYNC_INTERVAL: '1' });
  await writeAwkward();
  for (const name of tables) await becomes(`SELECT count(*) > 0 FROM ${name}`, ['t']);
  await eventually(async () => expect(await differences()).toEqual({}));
  await archive.redis.client.hset('aidb:model:1', 'description', 'changed');
  await becomes('SELECT description FROM models', ['changed']);
});

test('after a pass everything is equal: the next one finds no difference in any kind, and writes nothing', async () => {
  await writeAwkward();
  const daemon = await start();
  expect(await letters()).toEqual([]);
  const rows = await Promise.all(tables.map((name) => lines(`SELECT t.*, xmin FROM ${name} t ORDER BY id`)));
  const { statistics, differences: found } = await pass(daemon);
  expect(found).toEqual({});
  expect(new Set(Object.values(statistics))).toEqual(new Set([0]));
  for (const [index, name] of tables.entries())
    expect(await lines(`SELECT t.*, xmin FROM ${name} t ORDER BY id`)).toEqual(rows[index]);
});

test('rows that were deleted in Postgres come back under their ids, and rows that were changed are mended', async () => {
  await writeAwkward();
  const daemon = await start();
  const before = await contents();
  const ids = await lines('SELECT id FROM models UNION ALL SELECT id FROM training_runs');
  await archive.postgres
    .query(`UPDATE models SET description = 'tampered', created_at = now(); UPDATE model_versions SET config = '{}';
    UPDATE datasets SET size_bytes = NULL; UPDATE training_runs SET final_loss = 2, dataset_id = NULL;
    UPDATE hyperparameters SET param_value = 'x'; UPDATE experiments SET results = '[]'; UPDATE experiment_runs SET notes = NULL;
    DELETE FROM metrics WHERE metric_value = 'NaN'; DELETE FROM predictions`);
  expect(Object.keys(await differences()).sort()).toEqual([
    'dataset',
    'experiment',
    'exprun',
    'hyperparam',
    'metric',
    'model',
    'prediction',
    'run',
    'version',
  ]);
  await pass(daemon);
  expect(await contents()).toEqual(before);
  await archive.postgres.query(`TRUNCATE ${tables.join(', ')}`);
  await pass(daemon);
  expect(await contents()).toEqual(before);
  expect(await lines('SELECT id FROM models UNION ALL SELECT id FROM training_runs')).toEqual(ids);
});

test('absence in Redis deletes nothing, with ON_DELETE=delete either', async () => {
  await writeAwkward();
  const daemon = await start({ MIRROR: 'off', ON_DELETE: 'delete' });
  const before = await contents();
  const keys = await archive.redis.client.keys('aidb:*');
  await archive.redis.client.del(...keys.filter((key) => !key.startsWith('aidb:counter')));
  await plainModel(archive.redis.client, { name: 'last' });
  const { deleted } = await pass(daemon);
  expect(deleted).toBe(0);
  expect(await lines(`SELECT count(*) FROM models WHERE name = 'last'`)).toEqual(['1']);
  const after = await contents();
  expect({ ...after, models: after['models']?.filter((line) => !line.includes('"last"')) }).toEqual(before);
});

const nine = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).map(([label, count]) => `  ${label}: ${count}`);
const awkward = {
  Models: 1,
  Versions: 1,
  Datasets: 1,
  Runs: 2,
  Hyperparams: 5,
  Metrics: 6,
  Experiments: 1,
  Predictions: 1,
};
const cli = (...args: string[]) => runCli(args, { ...environment(), MILLRACE_ONLY: 'archive' }, folder);

test('run --once prints the nine lines and the time, with what was written, and 2 when something is parked', async () => {
  await writeAwkward();
  const first = await cli('run', '--once');
  expect(first.output).toMatch(/=== Sync Complete in \d+\.\d\ds ===/);
  expect(first.output).toContain(nine({ ...awkward, Errors: 0 }).join('\n'));
  expect(first.code).toBe(0);
  await archive.redis.client.hset('aidb:model:1', 'description', 'changed');
  await plainModel(archive.redis.client, { name: 'bad', created_at: 'yesterday' });
  const second = await cli('run', '--once');
  const none = Object.fromEntries(Object.keys(awkward).map((label) => [label, 0]));
  expect(second.output).toContain(nine({ ...none, Models: 1, Errors: 1 }).join('\n'));
  expect(second.code).toBe(2);
});

test('reconcile works alone, and beside a daemon has the daemon do it and prints its report', async () => {
  await writeAwkward();
  const alone = await cli('reconcile');
  expect(alone.output).toContain(nine({ ...awkward, Errors: 0 }).join('\n'));
  expect(alone.code).toBe(0);
  const daemon = await start({ MIRROR: 'off' });
  await archive.redis.client.hset('aidb:model:1', 'description', 'changed');
  const beside = await cli('reconcile', '--json');
  const report = beside.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { reason?: string; statistics?: unknown })
    .find(({ statistics }) => statistics !== undefined);
  expect(report).toMatchObject({ reason: 'asked for', statistics: { models: 1, runs: 0, errors: 0 } });
  expect(beside.code).toBe(0);
  expect((await daemon.status()).archive).toMatchObject({ role: 'owner', lastPass: { reason: 'asked for' } });
  expect(await lines('SELECT description FROM models')).toEqual(['changed']);
});

test('reconcile --dry-run lists what differs, as text and as JSON, and changes nothing anywhere', async () => {
  await writeAwkward();
  await (await start()).stop();
  const { client } = archive.redis;
  await client.hset('aidb:model:1', 'description', 'changed');
  await client.del('millrace:changes');
  await plainPrediction(client, 1);
  await plainMetric(client, 1, { epoch: 99 });
  await archive.postgres.query(`DELETE FROM experiment_runs`);
  const before = [await dumpDatabase(), await dumpKeyspace(client)];
  const text = await cli('reconcile', '--dry-run');
  expect(text.code).toBe(3);
  for (const key of ['aidb:model:1', 'aidb:prediction:2', 'aidb:metric:1:loss:train', 'aidb:exprun:1:1'])
    expect(text.output).toContain(`≠ ${key}\n`);
  expect(text.output).toMatch(/differing: .*model 1.*\nDry run: nothing was changed\./);
  const json = await cli('reconcile', '--dry-run', '--json');
  const printed = json.output
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { kind?: string; key?: string; differences?: unknown });
  expect(
    printed
      .slice(0, -1)
      .map(({ kind, key }) => `${kind} ${key}`)
      .sort(),
  ).toEqual([
    'exprun aidb:exprun:1:1',
    'metric aidb:metric:1:loss:train',
    'model aidb:model:1',
    'prediction aidb:prediction:2',
  ]);
  expect(printed.at(-1)?.differences).toEqual({ exprun: 1, metric: 1, model: 1, prediction: 1 });
  expect([await dumpDatabase(), await dumpKeyspace(client)]).toEqual(before);
});

test('a change made while a pass goes over 50,000 records does not wait for its end', async () => {
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client));
  await client.eval(
    `for id = 1, 50000 do redis.call('HSET', 'aidb:prediction:' .. id, 'id', id, 'model_version_id', ARGV[1], 'input', '{"x": 1}',
     'output', '{"y": 2}', 'confidence', '0.5', 'inference_time_ms', '1.5', 'timestamp', '2026-01-01T00:00:00', 'metadata', '{}') end`,
    0,
    String(version),
  );
  const daemon = await startDaemon(environment(), { awaitPass: false });
  const done = () => daemon.log.lines.some(({ fields }) => fields['event'] === 'pass.done');
  await becomes('SELECT count(*) > 0 FROM predictions', ['t']);
  let arrived = 0;
  while (!done()) {
    await archive.store.createModel({ name: `fresh ${arrived}` });
    await becomes(`SELECT count(*) FROM models WHERE name = 'fresh ${arrived}'`, ['1']);
    arrived++;
  }
  // One after the other: each took less than a fraction of the pass.
  expect(arrived).toBeGreaterThan(5);
  expect(await lines('SELECT count(*) FROM predictions')).toEqual(['50000']);
});
