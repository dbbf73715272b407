import { readSchemaFacts, type PostgresServer } from '../../../src/archive/schema/facts';
import { serverProblems } from '../../../src/archive/schema/server-problems';
import type { MillraceError } from '../../../src/foundation/errors';
import {
  connectTo,
  type Database,
  emptyDatabase,
  fingerprint,
  foundDatabase,
  paste,
} from './support/databases';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { examineSchema, migrate } from './support/schema';

/** Migrates, expects a refusal that changed nothing, pastes its statements and expects the migration to pass. */
async function refusedThenMended({ admin }: Database): Promise<MillraceError> {
  const before = await fingerprint(admin);
  const error = await migrate(admin).then(
    () => undefined,
    (refusal: unknown) => refusal as MillraceError,
  );
  if (error === undefined) throw new Error('was not refused');
  expect(error.kind).toBe('fatal');
  expect(await fingerprint(admin)).toEqual(before);
  await paste(admin, error.hint);
  await migrate(admin);
  expect((await examineSchema(admin)).problems).toEqual([]);
  return error;
}

test('missing and renamed columns are listed together, each with its statement', async () => {
  const database = await foundDatabase();
  await database.admin.query(`
    ALTER TABLE training_runs DROP COLUMN artifacts;
    ALTER TABLE datasets RENAME COLUMN size_bytes TO bytes;
    DROP VIEW recent_predictions; ALTER TABLE predictions DROP COLUMN metadata, DROP COLUMN "timestamp"`);
  const { message, hint, code } = await refusedThenMended(database);
  expect(code).toBe('E_PG_SCHEMA');
  for (const column of [
    'training_runs has no column artifacts',
    'datasets has no column size_bytes',
    'predictions has no column timestamp',
    'predictions has no column metadata',
  ]) {
    expect(message).toContain(`public.${column}`);
  }
  expect(hint).toContain('ALTER TABLE "public"."training_runs" ADD COLUMN "artifacts" json;');
  expect(hint).toContain('ALTER TABLE "public"."datasets" RENAME COLUMN "bytes" TO "size_bytes";');
});

test('a view in place of a table is refused', async () => {
  const database = await foundDatabase();
  await database.admin.query(`DROP TABLE experiment_runs; ALTER TABLE experiments RENAME TO experiments_2024;
    CREATE VIEW experiments AS SELECT * FROM experiments_2024`);
  const { message } = await refusedThenMended(database);
  expect(message).toBe('public.experiments is a view, and the archive needs a table');
});

test('a foreign table in place of a table is refused', async () => {
  const database = await emptyDatabase();
  await database.admin
    .query(`CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
    CREATE FOREIGN TABLE models (id int, name text) SERVER elsewhere`);
  const { message } = await refusedThenMended(database);
  expect(message).toBe('public.models is a foreign table, and the archive needs a table');
});

test('a column of another program that has to be filled is refused, for no row of ours could be inserted', async () => {
  const database = await foundDatabase();
  await database.admin
    .query(`ALTER TABLE metrics ADD COLUMN tenant text NOT NULL DEFAULT 'a', ADD COLUMN note text NOT NULL DEFAULT '';
    ALTER TABLE metrics ALTER COLUMN tenant DROP DEFAULT`);
  const { message } = await refusedThenMended(database);
  expect(message).toBe(
    'public.metrics.tenant (text) is NOT NULL without a default, and Millrace has no value for it',
  );
});

test('ids without a sequence are refused', async () => {
  const database = await foundDatabase();
  await database.admin.query(`ALTER TABLE models ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE models_id_seq`);
  const { message } = await refusedThenMended(database);
  expect(message).toContain('public.models.id has no sequence');
  const { rows } = await database.admin.query(`INSERT INTO models (name) VALUES ('x') RETURNING id`);
  expect(rows).toEqual([{ id: 3 }]);
});

test('columns of a type that cannot hold what comes, and unlogged tables, are refused', async () => {
  const database = await foundDatabase();
  await database.admin.query(`ALTER TABLE training_runs ALTER COLUMN final_loss TYPE text;
    DROP VIEW recent_predictions; ALTER TABLE predictions SET UNLOGGED; ALTER TABLE predictions ADD COLUMN redis_id text`);
  const { message } = await refusedThenMended(database);
  expect(message).toContain('public.training_runs.final_loss is text, where double precision is needed');
  expect(message).toContain('public.predictions.redis_id is text, where bigint is needed');
  expect(message).toContain('public.predictions is unlogged');
});

test('a parent table without primary key is refused', async () => {
  const database = await foundDatabase();
  await database.admin.query('ALTER TABLE models DROP CONSTRAINT models_pkey CASCADE');
  const { message } = await refusedThenMended(database);
  expect(message).toBe('public.models.id has no primary key');
});

test('a database of a newer Millrace is left alone', async () => {
  const { admin } = await emptyDatabase();
  await migrate(admin);
  await admin.query(`INSERT INTO millrace.migrations (number, name, target) VALUES (99, 'future', 'public')`);
  await expect(migrate(admin)).rejects.toMatchObject({ code: 'E_PG_NEWER' });
  expect((await examineSchema(admin)).problems).toMatchObject([{ code: 'E_PG_NEWER' }]);
});

test('a database that is not UTF-8 is refused', async () => {
  const { admin, url } = await emptyDatabase();
  const name = `${new URL(url).pathname.slice(1)}_latin`;
  await admin.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`);
  const latin = new URL(url);
  latin.pathname = `/${name}`;
  const client = await connectTo(latin.href);
  await expect(migrate(client)).rejects.toMatchObject({ code: 'E_PG_ENCODING' });
  await client.end();
  await admin.query(`DROP DATABASE ${name}`);
});

test('a server that is too old, and a standby, are refused by name', async () => {
  const facts = await readSchemaFacts((await emptyDatabase()).admin, aiRegistry);
  const refusal = (server: Partial<PostgresServer>) =>
    serverProblems({ ...facts, server: { ...facts.server, ...server } });
  expect(refusal({ versionNumber: 120_022, version: '12.22' })).toEqual([
    expect.objectContaining({
      code: 'E_PG_VERSION',
      message: 'Postgres 12.22 is too old: Millrace needs 13 or newer',
    }),
  ]);
  expect(refusal({ standby: true, readOnly: true })).toEqual([
    expect.objectContaining({
      code: 'E_PG_READ_ONLY',
      message: 'this server is a standby: it takes no writes',
    }),
  ]);
});
