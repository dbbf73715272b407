import { randomUUID } from 'node:crypto';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { examineArchive } from '../../../src/archive/inspect/examine';
import { traceRecord } from '../../../src/archive/inspect/trace';
import { plainHyperparams, plainModel, plainRun, plainVersion } from '../../support/plain-writer';
import { useArchive } from '../support/archive';

// Columns that Postgres changes on write: written once, and no difference.

const archive = useArchive();
const { start, becomes, lines, letters, pass, differences } = archive;
const query = (sql: string) => archive.postgres.query(sql);

const trigger = (body: string, table = 'models') =>
  `CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN NEW; END $$;
   CREATE TRIGGER change BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION change();`;
const after = `CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE models SET framework = 'set' WHERE id = NEW.id AND framework IS DISTINCT FROM 'set'; RETURN NULL; END $$;
  CREATE TRIGGER change AFTER INSERT OR UPDATE ON models FOR EACH ROW EXECUTE FUNCTION change();`;

test.each([
  ['a time of its own', trigger('NEW.updated_at := clock_timestamp()'), 'updated_at'],
  ['other letters', trigger('NEW.name := lower(trim(NEW.name))'), 'name'],
  ['less of a text', trigger('NEW.description := left(NEW.description, 3)'), 'description'],
  ['a value after the write', after, 'framework'],
  ['a rounded number', 'ALTER TABLE training_runs ALTER final_loss TYPE numeric(10,2)', undefined],
  ['a padded text', 'ALTER TABLE models ALTER framework TYPE char(20)', undefined],
  ['jsonb', 'ALTER TABLE model_versions ALTER config TYPE jsonb USING config::jsonb', undefined],
])('%s: each record is written once, and again when either side changes', async (_what, sql, column) => {
  const { client } = archive.redis;
  const first = await start();
  await query(`${sql}; CREATE TABLE audit (id bigint);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON models FOR EACH ROW EXECUTE FUNCTION note()`);
  await first.stop(); // types are looked at when it starts
  const daemon = await start();
  for (const name of ['One ', 'Two ', 'Three '])
    await plainModel(client, { name, description: 'long text', framework: 'jax' });
  const version = await plainVersion(client, 1, { config: '{"b": 1.0,  "a": 2}' });
  await plainRun(client, version, { final_loss: '0.123456' });
  await becomes('SELECT count(*) FROM training_runs', ['1']);
  await pass(daemon);
  const [written] = await lines('SELECT count(*) FROM audit');
  for (let at = 0; at < 2; at++) expect((await pass(daemon)).differences).toEqual({});
  expect(await lines('SELECT count(*) FROM audit')).toEqual([written]);
  expect(await differences()).toEqual({});
  expect(await letters()).toEqual([]);

  const config = loadConfig(archive.environment());
  const { verdict } = await traceRecord(config, requirePostgres(config), 'model', Buffer.from('1'));
  const findings = (await examineArchive(config, requirePostgres(config))).map(({ what }) => what).join('\n');
  expect(verdict.state).toBe('applied');
  if (column === undefined) {
    expect(await lines('SELECT count(*) FROM millrace.altered')).toEqual(['0']);
  } else {
    expect(verdict.sentence).toContain(`Postgres changes on write: ${column}`);
    expect(findings).toContain(`Postgres changes ${column} of a model on write: 3 rows`);
  }

  // By hand to a third value, and in the source.
  const mark = randomUUID();
  await query(
    `ALTER TABLE models DISABLE TRIGGER USER; UPDATE models SET architecture = 'by hand', name = name || 'x' WHERE id = 2; ALTER TABLE models ENABLE TRIGGER USER`,
  );
  expect(await differences()).toEqual({ model: 1 });
  await pass(daemon);
  await becomes(`SELECT architecture FROM models WHERE id = 2`, ['']);
  await client.hset('aidb:model:3', 'input_shape', mark);
  await becomes('SELECT input_shape FROM models WHERE id = 3', [mark]);
  expect((await pass(daemon)).differences).toEqual({});
  expect(Number((await lines('SELECT count(*) FROM millrace.altered'))[0])).toBe(
    column === undefined ? 0 : 3,
  );
});

test('hyperparameters that a trigger changes count as equal, too; a deleted row leaves nothing in millrace.altered', async () => {
  const { client } = archive.redis;
  const daemon = await start({ ON_DELETE: 'delete' });
  await query(trigger('NEW.param_value := upper(NEW.param_value)', 'hyperparameters'));
  const run = await plainRun(client, await plainVersion(client, await plainModel(client)));
  await plainHyperparams(client, run, { a: 'x', b: 'y' });
  await becomes('SELECT param_value FROM hyperparameters ORDER BY param_name', ['X', 'Y']);
  expect((await pass(daemon)).differences).toEqual({});
  await becomes('SELECT count(*) FROM millrace.altered', ['2']);
  await client.del(`aidb:hyperparam:${run}`);
  await becomes('SELECT count(*) FROM hyperparameters', ['0']);
  await becomes('SELECT count(*) FROM millrace.altered', ['0']);
});

test('a record that comes back after a flush is not written again, nor one that comes as Postgres has it', async () => {
  const { client } = archive.redis;
  const daemon = await start({ ON_DELETE: 'delete' });
  await query(`${trigger('NEW.updated_at := clock_timestamp(); NEW.description := left(NEW.description, 3)')};
    CREATE TABLE audit (id bigint);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON models FOR EACH ROW EXECUTE FUNCTION note()`);
  const record = { name: 'm', description: 'long text', created_at: '2026-01-01T00:00:00' };
  const model = await plainModel(client, record);
  await becomes('SELECT description FROM models', ['lon']);
  const copy = await client.hgetall(`aidb:model:${model}`);
  await client.flushall();
  await client.hset(`aidb:model:${model}`, copy);
  for (let at = 0; at < 3; at++) await pass(daemon);
  await becomes('SELECT count(*) FROM audit', ['1']);
  expect(await differences()).toEqual({});
  // So it comes out of Postgres.
  const [updated = ''] = await lines(`SELECT to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') FROM models`);
  await client.hset(`aidb:model:${model}`, { description: 'lon', updated_at: updated });
  for (let at = 0; at < 2; at++) expect((await pass(daemon)).differences).toEqual({});
  await becomes('SELECT count(*) FROM audit', ['1']);
});
