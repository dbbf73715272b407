import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { eventually } from '../../support/eventually';
import { connectTo, type Database, emptyDatabase, roleIn, texts } from './support/databases';
import { migrate } from './support/schema';

let database: Database;
let admin: Client;

/** The two checked relations; each test below must hold for both. */
const relations = [
  { child: 'predictions', column: 'model_version_id', parent: 'model_versions' },
  { child: 'metrics', column: 'training_run_id', parent: 'training_runs' },
] as const;

beforeEach(async () => {
  database = await emptyDatabase();
  admin = database.admin;
  await migrate(admin);
  await admin.query(`INSERT INTO model_versions (version) VALUES ('1'), ('2'), ('3');
    INSERT INTO training_runs (run_name) VALUES ('1'), ('2'), ('3')`);
});

const waits = async (pid: string) =>
  (await texts(admin, `SELECT cardinality(pg_blocking_pids(${pid}))`))[0] !== '0';
const pidOf = async (client: Client) => (await texts(client, 'SELECT pg_backend_pid()'))[0] ?? '';

describe.each(relations)('$child and its $column:', ({ child, column, parent }) => {
  const constraint = `${child}_${column}_fkey`;
  const insert = (...ids: readonly (number | null)[]) =>
    `INSERT INTO ${child} (${column}) VALUES ${ids.map((id) => `(${String(id)})`).join(', ')}`;

  test('refuses a row whose parent is not there, naming constraint, table and column', async () => {
    await admin.query(insert(1, 2, 1, null));
    await expect(admin.query(insert(1, 99, 98, null))).rejects.toMatchObject({
      code: '23503',
      constraint,
      schema: 'public',
      table: child,
      column,
      detail: `Key (${column})=(98) is not present in table "${parent}".`,
    });
    await expect(admin.query(`UPDATE ${child} SET ${column} = 99 WHERE ${column} = 2`)).rejects.toMatchObject(
      {
        code: '23503',
        constraint,
      },
    );
    await admin.query(
      `UPDATE ${child} SET ${column} = 3 WHERE ${column} = 2; UPDATE ${child} SET ${column} = NULL WHERE ${column} = 3`,
    );
    expect(await texts(admin, `SELECT ${column} FROM ${child} ORDER BY id`)).toEqual([
      '1',
      'null',
      '1',
      'null',
    ]);
  });

  test('is checked in COPY, INSERT … ON CONFLICT and INSERT … SELECT too', async () => {
    const copy = async (text: string) => {
      const stream = admin.query(copyFrom(`COPY ${child} (${column}) FROM STDIN`));
      await new Promise((resolve, reject) => {
        stream.on('finish', resolve).on('error', reject);
        stream.end(text);
      });
    };
    await copy('1\n2\n\\N\n');
    await expect(copy('1\n99\n')).rejects.toMatchObject({ code: '23503' });
    await expect(admin.query(`INSERT INTO ${child} (${column}) SELECT 99`)).rejects.toMatchObject({
      code: '23503',
    });
    const upsert = `INSERT INTO ${child} (id, ${column}) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET ${column} =`;
    await admin.query(`${upsert} 2`);
    await expect(admin.query(`${upsert} 99`)).rejects.toMatchObject({ code: '23503' });
  });

  test('keeps a parent that has children from being deleted, renumbered or truncated', async () => {
    await admin.query(insert(1, 1));
    for (const statement of [
      `DELETE FROM ${parent}`,
      `UPDATE ${parent} SET id = id + 100`,
      `TRUNCATE ${parent} CASCADE`,
    ]) {
      if (parent === 'model_versions' && statement.startsWith('TRUNCATE'))
        await admin.query('TRUNCATE training_runs CASCADE');
      await expect(admin.query(statement)).rejects.toMatchObject({ code: '23503', constraint, table: child });
    }
    await admin.query(`DELETE FROM ${parent} WHERE id = 3; UPDATE ${parent} SET id = 200 WHERE id = 2`);
    await admin.query(`DELETE FROM ${child}; DELETE FROM ${parent}`);
  });

  test('allows what a declared key allows: renumbering that keeps every number in use, truncating both', async () => {
    await admin.query(insert(1, 2, 3));
    await admin.query(`ALTER TABLE ${parent} DROP CONSTRAINT ${parent}_pkey CASCADE`); // no key in the way of the swap
    await admin.query(`UPDATE ${parent} SET id = 4 - id`);
    await admin
      .query(`TRUNCATE ${parent}, ${child}`)
      .catch(async () => admin.query(`TRUNCATE ${parent}, ${child} CASCADE`));
    expect(await texts(admin, `SELECT count(*) FROM ${child}`)).toEqual(['0']);
  });

  test('a parent deleted while a child is being inserted: the insert fails when the deletion commits', async () => {
    const writer = await connectTo(database.url);
    const pid = await pidOf(writer);
    await admin.query('BEGIN');
    await admin.query(`DELETE FROM ${parent} WHERE id = 1`);
    const inserted = writer.query(insert(1, 2)).then(
      () => 'inserted',
      (error: unknown) => error,
    );
    await eventually(() => waits(pid));
    await admin.query('COMMIT');
    expect(await inserted).toMatchObject({ code: '23503' });
  });

  test('a child inserted while its parent is being deleted: the deletion fails when the child commits', async () => {
    const [writer, deleter] = [await connectTo(database.url), await connectTo(database.url)];
    const pid = await pidOf(deleter);
    await writer.query('BEGIN');
    await writer.query(insert(1));
    const deleted = deleter.query(`DELETE FROM ${parent} WHERE id = 1`).then(
      () => 'deleted',
      (error: unknown) => error,
    );
    await eventually(() => waits(pid));
    await writer.query('COMMIT');
    expect(await deleted).toMatchObject({ code: '23503' });
    expect(await texts(admin, `SELECT count(*) FROM ${parent} WHERE id = 1`)).toEqual(['1']);
  });

  test('under an old snapshot a parent cannot be deleted, for it would not show the newest children', async () => {
    const old = await connectTo(database.url);
    for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
      await old.query(`BEGIN ISOLATION LEVEL ${level}`);
      await old.query('SELECT count(*) FROM models');
      await admin.query(insert(1));
      await expect(old.query(`DELETE FROM ${parent} WHERE id = 1`)).rejects.toMatchObject({ code: '0A000' });
      await old.query('ROLLBACK');
      await old.query(`BEGIN ISOLATION LEVEL ${level}; DELETE FROM ${parent} WHERE id = 77; COMMIT`);
    }
  });

  test('writers of one parent do not wait for each other, nor for updates of the parent', async () => {
    const [one, two] = [await connectTo(database.url), await connectTo(database.url)];
    await one.query('BEGIN');
    await one.query(insert(1));
    await two.query(`SET lock_timeout = '100ms'`);
    await two.query(insert(1));
    await two.query(`UPDATE ${parent} SET status = 'busy' WHERE id = 1`);
    await one.query('COMMIT');
  });

  test('a role with INSERT on the table alone can insert, and cannot use the checks for anything else', async () => {
    const role = await roleIn(database);
    await admin.query(`GRANT INSERT ON ${child} TO "${role.name}"`);
    await role.client.query(insert(1));
    await expect(role.client.query(insert(99))).rejects.toMatchObject({ code: '23503' });
    await expect(role.client.query('SELECT millrace.require_version()')).rejects.toMatchObject({
      code: '42501',
    });
    expect(await texts(role.client, 'SHOW search_path')).toEqual(['"$user", public']);
  });

  test('objects of other roles in the same schema are never run with our rights', async () => {
    const role = await roleIn(database);
    await admin.query(
      `GRANT ALL ON SCHEMA public TO "${role.name}"; GRANT INSERT ON ${child} TO "${role.name}"`,
    );
    const { client } = role;
    for (const [name, argument, result] of [
      ['unnest', 'bigint[]', 'SETOF bigint'],
      ['cardinality', 'bigint[]', 'int'],
      ['min', 'bigint', 'bigint'],
      ['format', 'text, bigint', 'text'],
    ]) {
      await client.query(`CREATE FUNCTION public.${name ?? ''}(${argument ?? ''}) RETURNS ${result ?? ''} LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'run as %', current_user; END $$`);
    }
    await client.query(`CREATE TEMP TABLE ${parent} (id bigint); INSERT INTO pg_temp.${parent} VALUES (99)`);
    await client.query(insert(1));
    await expect(client.query(insert(99))).rejects.toMatchObject({ code: '23503' });
  });

  test('dropping one of the two tables leaves the other in use', async () => {
    await admin.query(insert(1));
    await admin.query(`DROP TABLE ${child}`);
    await admin.query(`DELETE FROM ${parent}`);
    await migrate(admin);
    await expect(admin.query(insert(1))).rejects.toMatchObject({ code: '23503' });
    await admin.query(`DROP TABLE ${parent} CASCADE`);
    await admin.query(insert(1));
  });
});
