import { askPostgres } from '../support/ask-postgres';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { sharedPostgresUrl } from '../support/shared-postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { emptied } from '../archive/support/in-step';

/** What docs/08-operations.md promises of backups and of going back to an older version. The interval is an hour: what heals, was noticed. */
let redis: TestRedis;
let postgres: TestPostgres;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await emptied(postgres);
});

const start = () => startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });

const database = () => new URL(postgres.url).pathname.slice(1);
const administer = async (sql: string) => askPostgres(await sharedPostgresUrl(), sql);
/** A copy of the whole database, as pg_dump and pg_restore would make it. */
async function copyDatabase(from: string, to: string): Promise<void> {
  await administer(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${from}' AND pid <> pg_backend_pid()`,
  );
  await administer(`CREATE DATABASE ${to} TEMPLATE ${from}`);
}

async function writeSome(name: string): Promise<void> {
  const { client } = redis;
  const model = await plainModel(client, { name });
  const version = await plainVersion(client, model, { version: name, created_at: new Date().toISOString() });
  for (let n = 0; n < 20; n++) await plainPrediction(client, version, { input: `"${name} ${String(n)}"` });
}
const rows = async () =>
  (
    await postgres.query(`SELECT m.name || ' ' || v.version || ' ' || (p.input_data #>> '{}') AS line
      FROM models m JOIN model_versions v ON v.model_id = m.id JOIN predictions p ON p.model_version_id = v.id ORDER BY p.redis_id`)
  ).map(({ line }) => line);

/** Plain writes are noticed a little later than they are made. */
const untilRows = (count: number, alive: Promise<unknown>) =>
  eventually(async () => expect(await rows()).toHaveLength(count), { alive });

test('a database restored from an older backup gets back all that Redis still has, once', async () => {
  const backup = `${database()}_backup`;
  const first = await start();
  await writeSome('before');
  await untilRows(20, first.running);
  await first.stop();
  await copyDatabase(database(), backup);
  try {
    const second = await start();
    await writeSome('after');
    await untilRows(40, second.running);
    const expected = await rows();
    await second.stop();
    // As the daemon does in time: the stream no longer holds what came after the backup.
    await redis.client.xtrim('millrace:changes', 'MAXLEN', 1);
    await administer(`DROP DATABASE ${database()} WITH (FORCE)`);
    await copyDatabase(backup, database());
    expect(await rows()).toHaveLength(20);
    const third = await start();
    await eventually(async () => expect(await rows()).toEqual(expected), { alive: third.running });
    expect(third.log.lines.map(({ message }) => message).join('\n')).toMatch(
      /has no longer .*, the last entry read/,
    );
  } finally {
    await administer(`DROP DATABASE IF EXISTS ${backup}`);
  }
});

test('a daemon older than the database’s migrations refuses to start, with what to do', async () => {
  await (await start()).stop();
  await postgres.query(
    'INSERT INTO millrace.migrations SELECT (jsonb_populate_record(m, \'{"number": 9999}\')).* FROM millrace.migrations m ORDER BY number DESC LIMIT 1',
  );
  await expect(start()).rejects.toMatchObject({
    code: 'E_PG_NEWER',
    hint: expect.stringContaining('newer version') as string,
  });
});
