import { describeError } from '../../../src/foundation/errors';
import { pgBouncer } from '../../support/pgbouncer';
import { connectTo, emptyDatabase, foundDatabase, texts } from './support/databases';
import { examineSchema, migrate } from './support/schema';

jest.setTimeout(120_000);

/** undefined, and said loudly, where PgBouncer cannot be had. */
async function through(url: string): Promise<string | undefined> {
  try {
    return await pgBouncer(url);
  } catch (error) {
    process.stderr.write(`SKIPPED behind PgBouncer: ${describeError(error).message}\n`);
    return undefined;
  }
}

/** Other tests migrate databases of the same server. */
const ownAdvisoryLocks = `SELECT count(*) FROM pg_locks
  WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

test.each([
  ['an empty', emptyDatabase],
  ['a found', () => foundDatabase()],
])(
  'behind PgBouncer in transaction mode, %s database is migrated by two at once',
  async (_which, database) => {
    const { url, admin } = await database();
    const pooled = await through(url);
    if (pooled === undefined) return;
    const [one, two, other] = [await connectTo(pooled), await connectTo(pooled), await connectTo(pooled)];
    const settings = `SELECT name || '=' || setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%' ORDER BY name`;
    const before = await texts(other, settings);
    const [first, second] = await Promise.all([migrate(one), migrate(two)]);
    expect([first.steps.length, second.steps.length].sort((a, b) => a - b)[0]).toBe(0);
    expect((await examineSchema(two)).problems).toEqual([]);
    // One session serves them all: nothing was left in it, no lock either.
    expect(await texts(other, settings)).toEqual(before);
    expect(await texts(admin, ownAdvisoryLocks)).toEqual(['0']);
  },
);

test('behind PgBouncer the role’s search_path names the target', async () => {
  const { url, admin } = await emptyDatabase();
  await admin.query('CREATE SCHEMA archive');
  await admin.query(
    `DO $$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET search_path = archive', current_user, current_database()); END $$`,
  );
  const pooled = await through(url);
  if (pooled === undefined) return;
  const client = await connectTo(pooled);
  expect((await migrate(client)).schema).toBe('archive');
  await expect(
    client.query('INSERT INTO archive.predictions (model_version_id) VALUES (1)'),
  ).rejects.toMatchObject({
    code: '23503',
  });
});
