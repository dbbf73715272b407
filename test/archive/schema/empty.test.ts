import { latestMigration, migrations } from '../../../src/archive/schema/migration-files';
import { connectTo, emptyDatabase, fingerprint, texts } from './support/databases';
import { examineSchema, migrate } from './support/schema';

test('an empty database gets every table, and nothing is left to complain of', async () => {
  const { admin } = await emptyDatabase();
  const before = await examineSchema(admin);
  expect(before.problems.map(({ code }) => code)).toEqual(['E_PG_NOT_MIGRATED']);
  expect(before.tables.size).toBe(0);

  const report = await migrate(admin);
  expect(report.schema).toBe('public');
  expect(report.adopted).toEqual([]);
  expect(report.recorded).toEqual(migrations().map(({ number }) => number));

  const after = await examineSchema(admin);
  expect(after.problems).toEqual([]);
  expect(after.migrated).toEqual({ to: latestMigration(), latest: latestMigration(), complete: true });
  expect(after.tables.size).toBe(9);
  for (const table of after.tables.values()) expect(table.sequence?.usable).toBe(true);
});

test('a second migration changes nothing, and waits for no writer', async () => {
  const { url, admin } = await emptyDatabase();
  await migrate(admin);
  const before = await fingerprint(admin);
  const other = await connectTo(url);
  await other.query('BEGIN; LOCK TABLE predictions, models, millrace.id_map IN EXCLUSIVE MODE');
  const report = await migrate(await connectTo(url), { patienceMs: 0, lockTimeoutMs: 100 }).catch(
    (error: unknown) => error,
  );
  await other.query('ROLLBACK');
  expect(report).toMatchObject({ steps: [], recorded: [], adopted: [] });
  expect(await fingerprint(admin)).toEqual(before);
});

test('a dry run tells the statements and changes nothing', async () => {
  const { admin } = await emptyDatabase();
  const before = await fingerprint(admin);
  const { steps } = await migrate(admin, { dryRun: true });
  expect(await fingerprint(admin)).toEqual(before);
  await admin.query(['SET search_path = public;', ...steps.map(({ sql }) => sql)].join('\n'));
  expect((await migrate(admin)).steps).toEqual([]);
});

const withoutFiles = (lines: readonly string[]) => lines.map((line) => line.replace(/\|\d{4,}\|/, '|'));

test('what was dropped since is made again', async () => {
  const { admin } = await emptyDatabase();
  await migrate(admin);
  const before = withoutFiles(await fingerprint(admin));
  await admin.query(`DROP INDEX predictions_redis_identity; DROP TABLE millrace.dead_letters, experiment_runs;
    DROP TRIGGER millrace_children_delete ON model_versions`);
  expect((await examineSchema(admin)).problems).toEqual([
    {
      code: 'E_PG_NOT_MIGRATED',
      message: expect.stringContaining(
        'table millrace.dead_letters, index millrace.dead_letters (kind), table',
      ) as string,
      hint: 'Run `millrace migrate`.',
    },
  ]);
  const { steps, recorded } = await migrate(admin);
  expect(steps.map(({ thing }) => thing)).toContain('identity predictions (redis_id, timestamp)');
  expect(recorded).toEqual([]);
  expect(withoutFiles(await fingerprint(admin))).toEqual(before);
});

test('two migrations at once do one thing after the other', async () => {
  const { url, admin } = await emptyDatabase();
  const clients = await Promise.all([1, 2, 3].map(() => connectTo(url)));
  const reports = await Promise.all(clients.map((client) => migrate(client)));
  expect(reports.map(({ recorded }) => recorded.length).sort()).toEqual([0, 0, latestMigration()]);
  expect(await texts(admin, 'SELECT count(*) FROM millrace.migrations')).toEqual([String(latestMigration())]);
});

test('only half of a migration never remains', async () => {
  const { admin } = await emptyDatabase();
  await admin.query('CREATE TYPE predictions_redis_identity AS (a int)'); // takes a name that is needed late
  const before = await fingerprint(admin);
  await expect(migrate(admin)).rejects.toMatchObject({
    code: 'E_PG_SCHEMA',
    message: expect.stringContaining('identity predictions (redis_id, timestamp)') as string,
  });
  expect(await fingerprint(admin)).toEqual(before);
});

test('other programs may write every row that is legal, twice', async () => {
  const { admin } = await emptyDatabase();
  await migrate(admin);
  await admin.query(`
    INSERT INTO models (name) VALUES ('m'); INSERT INTO model_versions (model_id, version) VALUES (1, 'v');
    INSERT INTO experiments (name) VALUES ('e'); INSERT INTO training_runs (model_version_id) VALUES (1);`);
  for (let time = 0; time < 2; time++) {
    await admin.query(`
      INSERT INTO metrics (training_run_id, epoch, metric_name, metric_value) VALUES (1, 1, 'loss', 'NaN'), (1, 1, 'loss', 'NaN');
      INSERT INTO hyperparameters (training_run_id, param_name) VALUES (1, 'lr'), (1, 'lr');
      INSERT INTO experiment_runs (experiment_id, training_run_id) VALUES (1, 1), (1, 1);
      INSERT INTO predictions (model_version_id, timestamp) VALUES (1, '2025-01-01'), (1, '2025-01-01'), (NULL, NULL);`);
  }
  await expect(admin.query(`INSERT INTO models (name) VALUES ('m')`)).rejects.toMatchObject({
    code: '23505',
  });
  await expect(
    admin.query(`INSERT INTO model_versions (model_id, version) VALUES (1, 'v')`),
  ).rejects.toMatchObject({
    code: '23505',
  });
});

test('one record of Redis has one row', async () => {
  const { admin } = await emptyDatabase();
  await migrate(admin);
  await admin.query(`INSERT INTO predictions (redis_id, timestamp) VALUES (1, '2025-01-01')`);
  await admin.query(`INSERT INTO predictions (redis_id, timestamp) VALUES (1, '2025-01-02')`);
  await expect(
    admin.query(`INSERT INTO predictions (redis_id, timestamp) VALUES (1, '2025-01-01')`),
  ).rejects.toMatchObject({ code: '23505', constraint: 'predictions_redis_identity' });
});

test('predictions keep to four indexes', async () => {
  const { admin } = await emptyDatabase();
  await migrate(admin);
  const indexes = `SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'predictions'::regclass ORDER BY 1`;
  expect(await texts(admin, indexes)).toEqual([
    'CREATE INDEX predictions_model_version_id_idx ON public.predictions USING btree (model_version_id)',
    'CREATE INDEX predictions_timestamp_idx ON public.predictions USING brin ("timestamp")',
    'CREATE UNIQUE INDEX predictions_pkey ON public.predictions USING btree (id)',
    'CREATE UNIQUE INDEX predictions_redis_identity ON public.predictions USING btree (redis_id, "timestamp") WHERE (redis_id IS NOT NULL)',
  ]);
});
