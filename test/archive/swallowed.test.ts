import {
  plainExprun,
  plainExperiment,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../support/plain-writer';
import { eventually } from '../support/eventually';
import type { TestDaemon } from '../support/daemon';
import { useArchive } from './support/archive';

// Postgres reports no error, and keeps nothing: triggers that return NULL.

const archive = useArchive();
const { start, becomes, lines, letters, pass, differences } = archive;
const { query } = { query: (sql: string) => archive.postgres.query(sql) };

/** A trigger before each row that drops those of which `when` is true. */
const drop = (table: string, event: string, when = 'true') =>
  query(`CREATE OR REPLACE FUNCTION drop_${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF ${when} THEN RETURN NULL; END IF; RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END; END $$;
    CREATE TRIGGER drop_some BEFORE ${event} ON ${table} FOR EACH ROW EXECUTE FUNCTION drop_${table}()`);
const mend = (table: string) => query(`DROP TRIGGER drop_some ON ${table}`);

async function scene() {
  const { client } = archive.redis;
  const model = await plainModel(client, { name: 'm' });
  const version = await plainVersion(client, model);
  const run = await plainRun(client, version);
  return { client, version, run, experiment: await plainExperiment(client, { name: 'e' }) };
}

const parkedOf = async () =>
  (await letters()).map(
    ({ key, code, message }) => `${key} ${code} ${/trigger \w+ \([A-Z ]+\)/.exec(message)?.[0] ?? message}`,
  );
const isWell = async (daemon: TestDaemon) =>
  expect((await daemon.status()).archive).toMatchObject({ failure: null });

test('what a trigger drops is parked with its name, whatever the kind; all else goes on, and it lands when the trigger is gone', async () => {
  const { client, version, run, experiment } = await scene();
  const daemon = await start();
  await becomes('SELECT count(*) FROM training_runs', ['1']);
  await drop('models', 'INSERT', `NEW.name = 'bad'`);
  await drop('hyperparameters', 'INSERT', `NEW.param_name = 'bad'`);
  await drop('experiment_runs', 'INSERT', `NEW.variant_name = 'bad'`);
  await drop('metrics', 'INSERT', `NEW.metric_name = 'bad'`);
  await drop('predictions', 'INSERT', `NEW.confidence = 0.5`);
  const model = await plainModel(client, { name: 'bad' });
  const child = await plainVersion(client, model, { version: '2' });
  await plainHyperparams(client, run, { bad: '1', good: '2' });
  await plainExprun(client, experiment, run, { variant_name: 'bad' });
  await plainMetric(client, run, { name: 'bad' });
  await plainMetric(client, run, { name: 'good' });
  for (const confidence of ['0.5', '0.25']) await plainPrediction(client, version, { confidence });
  await archive.store.logPredictions(
    [0.5, 0.75].map((confidence) => ({
      modelVersionId: version,
      input: '{}',
      output: '{}',
      confidence,
    })) as never,
  );
  const dropped = 'E_SWALLOWED trigger drop_some (BEFORE INSERT)';
  const expected = [
    `aidb:exprun:${experiment}:${run} ${dropped}`,
    `aidb:hyperparam:${run} ${dropped}`,
    `aidb:metric:${run}:bad:train ${dropped}`,
    `aidb:model:${model} ${dropped}`,
    `aidb:prediction:1 ${dropped}`,
    `aidb:prediction:3 ${dropped}`,
    `aidb:version:${child} E_PARENT waits for model ${model} of `,
  ];
  await eventually(async () =>
    expect((await parkedOf()).map((one) => one.replace(/of \d.*/, 'of '))).toEqual(expected),
  );
  await becomes('SELECT redis_id FROM predictions ORDER BY redis_id', ['2', '4']);
  await becomes('SELECT param_name FROM hyperparameters', ['good']);
  await becomes('SELECT metric_name FROM metrics', ['good']);
  await isWell(daemon);
  await pass(daemon);
  expect((await parkedOf()).length).toBe(expected.length);
  await isWell(daemon);

  for (const table of ['models', 'hyperparameters', 'experiment_runs', 'metrics', 'predictions'])
    await mend(table);
  await pass(daemon);
  await eventually(async () => expect(await letters()).toEqual([]));
  await becomes('SELECT redis_id FROM predictions ORDER BY redis_id', ['1', '2', '3', '4']);
  await becomes(
    'SELECT v.version FROM model_versions v JOIN models m ON m.id = v.model_id WHERE name = $$bad$$',
    ['2'],
  );
  await eventually(async () => expect(await differences()).toEqual({}));
});
