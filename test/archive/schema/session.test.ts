import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { connectTo, emptyDatabase, foundDatabase, texts } from './support/databases';
import { examineSchema, migrate } from './support/schema';

test('the time zone and the settings of server and role do not matter, and are as before afterwards', async () => {
  const { url, admin } = await foundDatabase();
  const name = new URL(url).pathname.slice(1);
  await admin.query(`
    ALTER DATABASE ${name} SET TimeZone = 'Asia/Tehran';
    ALTER DATABASE ${name} SET DateStyle = 'German';
    ALTER DATABASE ${name} SET statement_timeout = '50ms';
    ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable';
    ALTER DATABASE ${name} SET quote_all_identifiers = on;
    ALTER DATABASE ${name} SET array_nulls = off;
    ALTER DATABASE ${name} SET standard_conforming_strings = off;
    ALTER DATABASE ${name} SET synchronous_commit = off;`);
  const client = await connectTo(url);
  const times = 'SELECT "timestamp"::text FROM predictions ORDER BY id LIMIT 1';
  const settings = `SELECT name || '=' || setting FROM pg_settings ORDER BY name`;
  const before = { times: await texts(client, times), settings: await texts(client, settings) };
  expect(before.times).toEqual(['22.11.2025 10:30:00.000001']);
  await migrate(client);
  expect(await texts(client, times)).toEqual(before.times);
  expect(await texts(client, settings)).toEqual(before.settings);
  const target = parsePostgresUrl(url);
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  expect((await connection.read((lent) => examineSchema(lent))).problems).toEqual([]);
  const asked = await connection.query(`SELECT quote_ident('a') AS name, $1::text[] AS list`, [['a', null]]);
  expect(asked).toEqual([{ name: 'a', list: '{a,NULL}' }]);
  const nulls = await connection.query(`SELECT ('{NULL}'::text[])[1] IS NULL AS is_null`);
  expect(nulls).toEqual([{ is_null: 't' }]);
  connection.close();
});

test('a failed migration leaves the connection usable and its settings alone', async () => {
  const { admin } = await foundDatabase();
  await admin.query('ALTER TABLE models DROP COLUMN framework');
  await expect(migrate(admin)).rejects.toMatchObject({ code: 'E_PG_SCHEMA' });
  expect(await texts(admin, 'SHOW search_path')).toEqual(['"$user", public']);
  expect(
    await texts(
      admin,
      'SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = $$advisory$$',
    ),
  ).toEqual(['0']);
});

test('type parsers of the connection do not matter', async () => {
  const { url } = await emptyDatabase();
  const client = await connectTo(url, {
    types: { getTypeParser: () => (value: unknown) => value },
  });
  expect((await migrate(client)).steps).not.toEqual([]);
  expect((await migrate(client)).steps).toEqual([]);
  expect((await examineSchema(client)).problems).toEqual([]);
});
