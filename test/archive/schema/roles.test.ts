import type { MillraceError } from '../../../src/foundation/errors';
import {
  connectTo,
  type Database,
  emptyDatabase,
  foundDatabase,
  paste,
  type Role,
  roleIn,
  texts,
} from './support/databases';
import { examineSchema, migrate } from './support/schema';

/** Refused until an administrator has pasted what was asked for; at most twice, as one grant may show the next. */
async function untilGranted({ admin }: Database, { client }: Role): Promise<readonly MillraceError[]> {
  const refusals: MillraceError[] = [];
  for (;;) {
    try {
      await migrate(client);
      return refusals;
    } catch (error) {
      if (refusals.length === 2) throw error;
      refusals.push(error as MillraceError);
      await paste(admin, (error as MillraceError).hint);
    }
  }
}

const locked = async (admin: Database['admin']) => {
  await admin.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC;
    DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC; GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database(), current_database()); END $$`);
};

test('a role that owns nothing but a schema is told what to ask for, once', async () => {
  const database = await emptyDatabase();
  const { admin } = database;
  await locked(admin);
  const role = await roleIn(database);
  await admin.query(`CREATE SCHEMA "${role.name}" AUTHORIZATION "${role.name}"`);
  const [refusal, ...more] = await untilGranted(database, role);
  expect(more).toEqual([]);
  expect(refusal?.code).toBe('E_PG_GRANT');
  expect(refusal?.hint).toContain(`CREATE SCHEMA millrace AUTHORIZATION "${role.name}";`);
  expect(refusal?.hint).toContain('GRANT TEMPORARY ON DATABASE');
  const examined = await examineSchema(role.client);
  expect(examined.problems).toEqual([]);
  expect(examined.schema).toBe(role.name);
});

test('a role without any rights is told all of them', async () => {
  const database = await emptyDatabase();
  await locked(database.admin);
  const role = await roleIn(database);
  await untilGranted(database, role);
  expect((await examineSchema(role.client)).problems).toEqual([]);
});

test('tables of another role: its owner adds what is missing, grants follow, and then everything works', async () => {
  const database = await foundDatabase();
  const { admin } = database;
  await locked(admin);
  const role = await roleIn(database);
  const refusals = await untilGranted(database, role);
  const text = refusals.map(({ hint }) => hint).join('\n');
  expect(text).toContain('ALTER TABLE predictions ADD COLUMN redis_id bigint;');
  expect(text).toContain(`GRANT SELECT, INSERT, UPDATE ON "public"."predictions" TO "${role.name}";`);
  expect(text).toContain(`GRANT USAGE ON SEQUENCE public.predictions_id_seq TO "${role.name}";`);
  expect(text).not.toContain('OWNER TO');
  expect((await examineSchema(role.client)).problems).toEqual([]);
  await role.client.query(`INSERT INTO predictions (model_version_id, redis_id) VALUES (1, 1)`);
  const [missing] = (await examineSchema(role.client, 'delete')).problems.filter(({ message }) =>
    message.includes('predictions'),
  );
  expect(missing?.hint).toBe(`GRANT DELETE ON "public"."predictions" TO "${role.name}";`);
  await paste(admin, missing?.hint ?? '');
  expect(await texts(role.client, `DELETE FROM predictions WHERE redis_id = 1 RETURNING id`)).toEqual([
    '501',
  ]);
});

test('new tables that refer to tables of another role need REFERENCES and TRIGGER on them, nothing more', async () => {
  const database = await foundDatabase();
  const { admin } = database;
  await admin.query('DROP TABLE predictions, metrics, hyperparameters, experiment_runs CASCADE');
  await locked(admin);
  const role = await roleIn(database);
  const refusals = await untilGranted(database, role);
  expect(refusals.map(({ hint }) => hint).join('\n')).toContain(
    `GRANT REFERENCES, TRIGGER ON "public"."model_versions" TO "${role.name}";`,
  );
  await role.client.query(`INSERT INTO predictions (model_version_id) VALUES (1)`);
  await expect(
    role.client.query(`INSERT INTO predictions (model_version_id) VALUES (99)`),
  ).rejects.toMatchObject({
    code: '23503',
  });
});

test('the daemon’s role may be another than the one that migrates', async () => {
  const database = await emptyDatabase();
  await migrate(database.admin);
  const role = await roleIn(database);
  const { problems } = await examineSchema(role.client);
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['E_PG_GRANT']));
  await paste(database.admin, problems.map(({ hint }) => hint).join('\n'));
  const again = await examineSchema(role.client);
  expect(again.problems).toEqual([]);
  expect(again.migrated.complete).toBe(true);
  await role.client.query(`INSERT INTO millrace.dead_letters (digest, kind, key, redis_key, code, message)
    VALUES (gen_random_uuid(), 'model', 'k', 'k', 'c', 'm')`);
});

test('a role called millrace finds its tables in public, although the schema millrace is its own by name', async () => {
  const { url, admin } = await emptyDatabase();
  expect(await texts(admin, 'SELECT current_user, current_schema()')).toEqual(['millrace|public']);
  await migrate(admin);
  const again = await connectTo(url);
  expect(await texts(again, 'SELECT current_schema()')).toEqual(['millrace']);
  const examined = await examineSchema(again);
  expect(examined.schema).toBe('public');
  expect(examined.problems).toEqual([]);
  expect((await migrate(again)).steps).toEqual([]);
});

test('a schema that search_path names and that does not exist is not passed over in silence', async () => {
  const { url } = await emptyDatabase();
  const named = new URL(url);
  named.searchParams.set('options', '-c search_path=archive,public');
  const error = await migrate(await connectTo(named.href)).catch((refusal: unknown) => refusal);
  expect(error).toMatchObject({
    code: 'E_PG_SCHEMA',
    hint: expect.stringContaining('CREATE SCHEMA IF NOT EXISTS "archive" AUTHORIZATION') as string,
  });
});

test('a read-only role is refused', async () => {
  const database = await emptyDatabase();
  const role = await roleIn(database);
  await database.admin.query(`ALTER ROLE "${role.name}" SET default_transaction_read_only = on`);
  const error = await migrate(await connectTo(role.url)).catch((refusal: unknown) => refusal);
  expect(error).toMatchObject({ code: 'E_PG_READ_ONLY', kind: 'fatal' });
});

test('row-level security that applies to us is reported', async () => {
  const database = await emptyDatabase();
  await migrate(database.admin);
  await database.admin.query('ALTER TABLE metrics ENABLE ROW LEVEL SECURITY');
  const role = await roleIn(database);
  const { problems } = await examineSchema(role.client);
  expect(problems.map(({ message }) => message)).toContain(
    `row-level security applies to role ${role.name} on public.metrics`,
  );
});
