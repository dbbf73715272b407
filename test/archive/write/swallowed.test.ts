import { randomBytes } from 'node:crypto';
import { migrate } from '../../../src/archive/schema/migrate';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import {
  plainExprun,
  plainExperiment,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { eventually } from '../../support/eventually';
import type { TestDaemon } from '../../support/daemon';
import { connectTo } from '../schema/support/databases';
import { useArchive } from '../support/archive';
import { emptied } from '../support/in-step';

// Postgres reports no error, and keeps nothing: triggers that return NULL.

const archive = useArchive();
const { start, becomes, letters, pass, differences } = archive;
const query = (sql: string) => archive.postgres.query(sql);

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
    })),
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

test('a change, and a deletion, that a trigger drops are parked as well', async () => {
  const { client, version, run } = await scene();
  const prediction = await plainPrediction(client, version);
  await plainHyperparams(client, run, { lr: '1', decay: '2' });
  const daemon = await start({ ON_DELETE: 'delete' });
  await becomes('SELECT count(*) FROM hyperparameters', ['2']);
  await becomes('SELECT count(*) FROM predictions', ['1']);
  await drop('training_runs', 'UPDATE', `NEW.status = 'frozen'`);
  for (const table of ['predictions', 'hyperparameters']) await drop(table, 'DELETE');
  await client.hset(`aidb:run:${run}`, 'status', 'frozen');
  await client.del(`aidb:prediction:${prediction}`);
  await client.hdel(`aidb:hyperparam:${run}`, 'decay');
  await eventually(async () =>
    expect(await parkedOf()).toEqual([
      `aidb:hyperparam:${run} E_SWALLOWED trigger drop_some (BEFORE DELETE)`,
      `aidb:prediction:${prediction} E_SWALLOWED trigger drop_some (BEFORE DELETE)`,
      `aidb:run:${run} E_SWALLOWED trigger drop_some (BEFORE UPDATE)`,
    ]),
  );
  const letter = (await letters()).find(({ key }) => key === `aidb:prediction:${prediction}`);
  expect(letter?.message).toContain('was deleted in Redis, but not in Postgres');
  await isWell(daemon);
  for (const table of ['training_runs', 'predictions', 'hyperparameters']) await mend(table);
  await pass(daemon);
  await eventually(async () => expect(await letters()).toEqual([]));
  await becomes('SELECT status FROM training_runs', ['frozen']);
  await becomes('SELECT count(*) FROM predictions', ['0']);
  await becomes('SELECT param_name FROM hyperparameters', ['lr']);
});

test('rows that a trigger puts into child tables have landed, once; a copy elsewhere of what is parked does not grow', async () => {
  const { client, version } = await scene();
  const daemon = await start();
  await becomes('SELECT count(*) FROM training_runs', ['1']);
  await query(`CREATE TABLE predictions_all () INHERITS (predictions); CREATE TABLE copies (LIKE predictions);
    CREATE FUNCTION redirect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.confidence < 0.5 THEN INSERT INTO copies SELECT NEW.*; ELSE INSERT INTO predictions_all SELECT NEW.*; END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER redirect BEFORE INSERT ON predictions FOR EACH ROW EXECUTE FUNCTION redirect()`);
  const list = Array.from({ length: 300 }, (_one, index) => ({
    modelVersionId: version,
    confidence: index % 100 === 0 ? 0.25 : 0.75,
  }));
  for (let at = 0; at < 3; at++) await archive.store.logPredictions(list); // pages that two writers would copy
  await plainPrediction(client, version, { confidence: '0.9' });
  await becomes('SELECT count(*), count(DISTINCT redis_id) FROM predictions', ['892|892']);
  await eventually(async () => expect((await parkedOf()).length).toBe(9));
  await pass(daemon);
  await pass(daemon);
  await becomes('SELECT count(*), count(DISTINCT redis_id) FROM predictions', ['892|892']);
  await becomes('SELECT count(*) FROM copies', ['0']);
  await isWell(daemon);
  await query('DROP TRIGGER redirect ON predictions');
  await pass(daemon);
  await becomes('SELECT count(*), count(DISTINCT redis_id) FROM predictions', ['901|901']);
  await eventually(async () => expect(await letters()).toEqual([]));
});

test('a row that a trigger gives another identity is written once at the most', async () => {
  const { client, version } = await scene();
  const daemon = await start();
  await becomes('SELECT count(*) FROM training_runs', ['1']);
  await query(`CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_TABLE_NAME = 'datasets' THEN NEW.id := NEW.id + 1000; ELSE NEW.timestamp := date_trunc('day', NEW.timestamp); END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER other BEFORE INSERT ON predictions FOR EACH ROW EXECUTE FUNCTION other();
    CREATE TRIGGER other BEFORE INSERT ON datasets FOR EACH ROW EXECUTE FUNCTION other()`);
  await plainPrediction(client, version);
  await client.hset('aidb:dataset:1', { name: 'd', created_at: '2026-01-01T00:00:00' });
  await eventually(async () => expect((await letters()).map(({ key }) => key)).toContain('aidb:dataset:1'));
  // Copied straight into its table, unless the dataset was in the same page, it is noticed when it is missed.
  for (let at = 0; at < 2; at++) await pass(daemon);
  await eventually(async () => expect((await letters()).length).toBe(2));
  const codes = (await letters()).map(({ key, code, message }) => `${key} ${code} ${message}`).join('\n');
  expect(codes).toMatch(/^aidb:dataset:1 E_ALTERED Postgres changes id on write.*trigger other/);
  // Beside the row of the first try, which has another time, nothing is kept.
  expect(codes).toMatch(/^aidb:prediction:1 E_(ALTERED|SWALLOWED) Postgres .*trigger other/m);
  expect(Number((await archive.lines('SELECT count(*) FROM predictions'))[0])).toBeLessThan(2);
  await becomes('SELECT count(*) FROM datasets', ['0']);
});

test.each([
  [
    'a rule',
    'CREATE RULE nothing AS ON INSERT TO models DO INSTEAD NOTHING',
    /has a rule for INSERT, nothing/,
    /DROP RULE "nothing"/,
  ],
  [
    'row-level security',
    'ALTER TABLE predictions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    /row-level security applies/,
    /BYPASSRLS/,
  ],
])(
  '%s on a table is named by the daemon and by migrate, with what to do',
  async (what, sql, message, hint) => {
    const { client, version } = await scene();
    const admin = archive.postgres;
    const role = `r_${randomBytes(4).toString('hex')}`;
    const url = new URL(admin.url);
    if (what !== 'a rule') {
      await emptied(admin); // the role makes, and owns, what is there
      await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'; GRANT ALL ON SCHEMA public TO ${role};
      GRANT CREATE ON DATABASE ${url.pathname.slice(1)} TO ${role}`);
      url.username = role;
      url.password = 'p';
    }
    const daemon = await start({ POSTGRES_URL: url.href });
    await becomes('SELECT count(*) FROM training_runs', ['1']);
    await admin.query(sql);
    await plainPrediction(client, version);
    await plainModel(client, { name: 'another' });
    const failure = async () => (await daemon.status()).archive.failure;
    await eventually(async () =>
      expect(await failure()).toMatchObject({ message: expect.stringMatching(message) as string }),
    );
    expect((await failure())?.hint).toMatch(hint);
    const pg = await connectTo(url.href);
    await expect(migrate(pg, { catalogue: aiRegistry })).rejects.toMatchObject({
      message: expect.stringMatching(message) as string,
    });
    await admin.query(
      what === 'a rule'
        ? 'DROP RULE nothing ON models'
        : 'ALTER TABLE predictions DISABLE ROW LEVEL SECURITY',
    );
    await becomes('SELECT count(*) FROM predictions', ['1']);
    await becomes('SELECT count(*) FROM models', ['2']);
    await daemon.stop();
    if (what !== 'a rule') await admin.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
  },
);

test.each([
  [
    'ADD tenant text NOT NULL',
    'DROP tenant',
    /prediction.*23502, column tenant.*ALTER COLUMN tenant DROP NOT NULL/,
  ],
  [
    'ADD CONSTRAINT small CHECK (confidence < 0.1)',
    'DROP CONSTRAINT small',
    /prediction.*23514, constraint small/,
  ],
  [
    'ADD tenant text; CREATE TRIGGER broken BEFORE INSERT ON predictions FOR EACH ROW EXECUTE FUNCTION broken()',
    'DISABLE TRIGGER broken',
    /prediction.*42703.*dead-letters list --kind prediction/,
  ],
])('after a dozen refusals and none that got through, /readyz says so: %s', async (change, back, reason) => {
  const { client, version } = await scene();
  const daemon = await start();
  const troubles = async () => (await daemon.status()).troubles.join('\n');
  await becomes('SELECT count(*) FROM training_runs', ['1']);
  await query(
    'CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.nothing := 1; RETURN NEW; END $$',
  );
  await query(`ALTER TABLE predictions ${change}`);
  for (let at = 0; at < 11; at++) await plainPrediction(client, version);
  await eventually(async () => expect((await letters()).length).toBe(11));
  expect(await troubles()).toBe('');
  for (let at = 0; at < 3; at++) await plainPrediction(client, version);
  await eventually(async () => expect(await troubles()).toMatch(reason));
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(503);
  await plainModel(client, { name: 'goes on' });
  await becomes('SELECT count(*) FROM models', ['2']);
  await query(`ALTER TABLE predictions ${back}`);
  await pass(daemon);
  await becomes('SELECT count(*) FROM predictions', ['14']);
  await eventually(async () => expect(await troubles()).toBe(''));
  const told = daemon.log.lines.filter(({ fields }) => fields['event'] === 'tail.applied');
  expect(told.length).toBeGreaterThan(0);
  // What the pass found when it began is of nobody knows when.
  expect(String(told[0]?.fields['text'])).not.toContain('after the write');
});
