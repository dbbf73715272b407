import { connectTo, fingerprint, foundDatabase, paste, texts } from './support/databases';
import { examineSchema, migrate } from './support/schema';

const tables = [
  'models',
  'datasets',
  'experiments',
  'model_versions',
  'training_runs',
  'hyperparameters',
  'metrics',
  'experiment_runs',
  'predictions',
];

test('found tables keep every row, their ids, their json texts and their views', async () => {
  const { admin } = await foundDatabase();
  const columns = new Map<string, string>();
  for (const table of tables) {
    const [list = ''] = await texts(
      admin,
      `SELECT string_agg(format('%I::text', attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0`,
    );
    columns.set(table, list);
  }
  const rows = async () => {
    const found: string[][] = [];
    for (const table of tables)
      found.push(await texts(admin, `SELECT ${columns.get(table) ?? ''} FROM ${table} ORDER BY id`));
    return found;
  };
  const before = await rows();
  const report = await migrate(admin);
  expect(report.adopted.map(({ table }) => table).sort()).toEqual([...tables].sort());
  expect(await rows()).toEqual(before);
  expect(await texts(admin, 'SELECT count(*) FROM recent_predictions')).toEqual(['500']);
  expect(before[1]?.[0]).toContain('{"train": 0.80, "big": 1152921504606846977, "small": 1e-07}');

  const examined = await examineSchema(admin);
  expect(examined.problems).toEqual([]);
  const predictions = examined.tables.get('prediction');
  const types = Object.fromEntries((predictions?.columns ?? []).map(({ name, type }) => [name, type]));
  expect(types).toMatchObject({
    id: 'integer',
    input_data: 'json',
    timestamp: 'timestamp without time zone',
  });
  expect(types).toMatchObject({ redis_id: 'bigint', reviewed_by: 'text' });
  expect(predictions?.foreignKeys).toEqual([{ columns: ['model_version_id'], parent: 'model_versions' }]);
  expect(predictions?.sequence).toEqual({ name: 'public.predictions_id_seq', usable: true });
  // Declared keys do the work: none of our checks beside them.
  expect(predictions?.triggers).toEqual([]);
});

test('other programs insert as before, and ids go on where they were', async () => {
  const { admin } = await foundDatabase();
  await migrate(admin);
  expect(await texts(admin, `INSERT INTO models (name) VALUES ('new') RETURNING id`)).toEqual(['3']);
  expect(
    await texts(
      admin,
      `INSERT INTO predictions (model_version_id, input_data, timestamp) VALUES (1, '{}', now()) RETURNING id`,
    ),
  ).toEqual(['501']);
  // by position, as careless programs do
  await admin.query(`INSERT INTO hyperparameters VALUES (77, 1, 'lr', '1'), (78, 1, 'lr', '1')`);
  await admin.query(`INSERT INTO model_versions (model_id, version) VALUES (1, '1.0')`);
  await admin.query(
    `INSERT INTO datasets (name, size_bytes, num_samples) VALUES ('big', 150000000000, 3000000000)`,
  );
  await expect(admin.query(`INSERT INTO predictions (model_version_id) VALUES (99)`)).rejects.toMatchObject({
    code: '23503',
  });
});

test('a second migration of a found database changes nothing', async () => {
  const { admin } = await foundDatabase();
  await migrate(admin);
  const before = await fingerprint(admin);
  expect(await migrate(admin)).toMatchObject({ steps: [], recorded: [], adopted: [] });
  expect(await fingerprint(admin)).toEqual(before);
});

test('the large tables are not rewritten, and existing indexes serve', async () => {
  const { admin } = await foundDatabase();
  const files = `SELECT relname, relfilenode FROM pg_class WHERE relname IN ('predictions', 'metrics', 'models', 'training_runs') ORDER BY 1`;
  const before = await texts(admin, files);
  await migrate(admin);
  expect(await texts(admin, files)).toEqual(before);
  expect(
    await texts(
      admin,
      `SELECT count(*) FROM pg_index WHERE indrelid = 'metrics'::regclass AND pg_get_indexdef(indexrelid) LIKE '%btree (training_run_id)%'`,
    ),
  ).toEqual(['1']);
});

test('a sequence that a restore left behind is moved past the highest id', async () => {
  const { admin } = await foundDatabase();
  await admin.query(`SELECT setval('predictions_id_seq', 1, false)`);
  const { steps } = await migrate(admin);
  expect(steps.map(({ thing }) => thing)).toContain('sequence public.predictions_id_seq');
  expect(await texts(admin, `INSERT INTO predictions (model_version_id) VALUES (1) RETURNING id`)).toEqual([
    '501',
  ]);
});

test('some tables found, the rest made: the new ones refer to the old ones', async () => {
  const { admin } = await foundDatabase();
  await admin.query('DROP TABLE predictions, hyperparameters, metrics CASCADE');
  const { adopted } = await migrate(admin);
  expect(adopted.map(({ table }) => table)).not.toContain('predictions');
  await admin.query(`INSERT INTO predictions (model_version_id) VALUES (1)`);
  await expect(admin.query(`INSERT INTO predictions (model_version_id) VALUES (99)`)).rejects.toMatchObject({
    code: '23503',
  });
  await expect(
    admin.query(`INSERT INTO hyperparameters (training_run_id) VALUES (99)`),
  ).rejects.toMatchObject({
    code: '23503',
  });
  await expect(admin.query('DELETE FROM training_runs; DELETE FROM model_versions')).rejects.toMatchObject({
    code: '23503',
  });
  expect((await examineSchema(admin)).problems).toEqual([]);
});

test('views on a column that is too narrow are left alone, and the way to widen it is told to the letter', async () => {
  const { admin } = await foundDatabase();
  await admin.query(`
    CREATE ROLE "report reader";
    CREATE VIEW sizes WITH (security_barrier = true) AS SELECT name, size_bytes, num_samples FROM datasets;
    CREATE VIEW "Big Ones" AS SELECT s.name, d.id FROM sizes s JOIN datasets d USING (name) WHERE s.size_bytes > 1000;
    CREATE MATERIALIZED VIEW totals AS SELECT sum(size_bytes) AS bytes FROM datasets;
    CREATE UNIQUE INDEX totals_bytes ON totals (bytes);
    COMMENT ON VIEW sizes IS 'it''s used by the report';
    GRANT SELECT ON sizes TO "report reader" WITH GRANT OPTION;
    GRANT SELECT ON "Big Ones" TO PUBLIC;
    ALTER VIEW "Big Ones" OWNER TO "report reader";`);
  const definitions = `SELECT c.relname, c.reloptions, c.relacl, pg_get_userbyid(c.relowner), obj_description(c.oid),
      CASE c.relkind WHEN 'i' THEN pg_get_indexdef(c.oid) ELSE pg_get_viewdef(c.oid) END
    FROM pg_class c WHERE relname IN ('sizes', 'Big Ones', 'totals', 'totals_bytes') ORDER BY 1`;
  const before = { schema: await fingerprint(admin), views: await texts(admin, definitions) };
  const refusal = await migrate(admin).catch((error: unknown) => error as { code: string; hint: string });
  expect(refusal).toMatchObject({
    code: 'E_PG_SCHEMA',
    message: expect.stringMatching(/"Big Ones".*sizes.*keeps them from being widened/) as string,
  });
  expect(await fingerprint(admin)).toEqual(before.schema);

  await paste(admin, 'hint' in refusal ? refusal.hint : '');
  expect(await texts(admin, definitions)).toEqual(before.views);
  await migrate(admin);
  await admin.query(`INSERT INTO datasets (name, size_bytes) VALUES ('big', 150000000000)`);
  expect(await texts(admin, `SELECT size_bytes FROM sizes WHERE name = 'big'`)).toEqual(['150000000000']);
});

test('a schema named by search_path is the target, whatever it is called', async () => {
  const { url, admin } = await foundDatabase('My "archive"');
  const named = new URL(url);
  named.searchParams.set('options', '-c search_path="My\\ ""archive""",public');
  const client = await connectTo(named.href);
  const before = await texts(
    admin,
    `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  );
  const report = await migrate(client);
  expect(report.schema).toBe('My "archive"');
  expect(report.adopted).toHaveLength(9);
  expect((await examineSchema(client)).problems).toEqual([]);
  expect(
    await texts(admin, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
  ).toEqual(before);

  // The same database through another path: its archive is elsewhere, and a second one must not begin.
  await expect(migrate(admin)).rejects.toMatchObject({
    code: 'E_PG_SCHEMA',
    message: expect.stringContaining('in schema My "archive", but search_path leads to public') as string,
  });
});

test('fresh tables in a named schema check their references there', async () => {
  const { url, admin } = await foundDatabase('elsewhere');
  await admin.query('CREATE SCHEMA "The archive"');
  const named = new URL(url);
  named.searchParams.set('options', '-c search_path="The\\ archive"');
  await migrate(await connectTo(named.href));
  await expect(
    admin.query(`INSERT INTO "The archive".predictions (model_version_id) VALUES (1)`),
  ).rejects.toMatchObject({ code: '23503' });
  await admin.query(`INSERT INTO "The archive".model_versions (version) VALUES ('1')`);
  await admin.query(`INSERT INTO "The archive".predictions (model_version_id) VALUES (1)`);
  await admin.query(`ALTER SCHEMA "The archive" RENAME TO renamed`);
  await expect(admin.query(`DELETE FROM renamed.model_versions`)).rejects.toMatchObject({ code: '23503' });
});
