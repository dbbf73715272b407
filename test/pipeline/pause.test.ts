import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { caughtUp, emptied } from '../archive/support/in-step';
import { asked, becomes } from '../archive/support/roles';
import { runCli } from '../support/run-cli';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel } from '../support/plain-writer';
import { type TestDatabase, testPostgres } from '../support/postgres';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

/** What an operator does before working on a store. */
const folder = temporaryFolder();
let redis: TestRedis;
let postgres: TestDatabase;
let db: Database.Database;
let files = 0;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.renew();
  db = aliasDatabase(path(++files));
});
afterEach(() => {
  db.close();
});

const path = (file = files) => join(folder, `pause-${file}.db`);
const aliases = () => ({ REDIS_URL: redis.url, DB_PATH: path(), SYNC_INTERVAL: '3600' });
const archive = () => ({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });
const millrace = (verb: string, only: string, env: Record<string, string>) =>
  runCli([verb, '--only', only], { ...env, HTTP_PORT: '0' }, folder);

const untilPaused = (daemon: TestDaemon, pipeline: 'aliases' | 'archive') =>
  eventually(async () => expect((await daemon.status())[pipeline].paused).not.toBeNull(), {
    alive: daemon.running,
  });
/** A change has waited for longer than a running pipeline ever lets it wait. */
const untilItWaits = (daemon: TestDaemon, pipeline: 'aliases' | 'archive') =>
  eventually(async () => expect((await daemon.status())[pipeline].lagSeconds).toBeGreaterThan(2.5), {
    alive: daemon.running,
  });
const models = async () =>
  (await postgres.query('SELECT name FROM models ORDER BY name')).map(({ name }) => name);
const names = (...expected: string[]) => eventually(async () => expect(await models()).toEqual(expected));

test('paused aliases are captured and not applied, health stays good, and resume applies all of them', async () => {
  const daemon = await startDaemon(aliases());
  await daemon.control.pause('aliases', 'tester');
  await untilPaused(daemon, 'aliases');
  db.exec("INSERT INTO team_aliases VALUES (1, 'late')");
  await untilItWaits(daemon, 'aliases');
  expect(await redis.client.get('alias:team:late')).toBeNull();
  const { paused, lagRecords } = (await daemon.status()).aliases;
  expect(paused).toEqual({ at: expect.any(Number) as number, by: 'tester' });
  expect(lagRecords).toBe(1);
  expect((await fetch(`${daemon.url}/readyz`)).status).toBe(200);
  expect((await millrace('status', 'aliases', aliases())).output).toMatch(/PAUSED: +since .* by tester/);
  await daemon.control.resume('aliases');
  await eventually(async () => expect(await redis.client.get('alias:team:late')).toBe('["1"]'), {
    alive: daemon.running,
  });
  expect((await daemon.status()).aliases.paused).toBeNull();
});

test('a pause of the archive outlives the daemon, holds for its heir, and loses nothing', async () => {
  const first = await startDaemon(archive());
  const second = await startDaemon(archive(), { awaitPass: false });
  await becomes(asked(second), 'standby');
  expect(await millrace('pause', 'archive', archive())).toEqual({
    code: 0,
    output: 'archive: paused; nothing is lost, changes wait\n',
  });
  await untilPaused(first, 'archive');
  await plainModel(redis.client, { name: 'seen by the mirror' });
  await untilItWaits(first, 'archive');
  await first.stop();
  await becomes(asked(second), 'owner');
  await untilPaused(second, 'archive');
  await second.stop();
  await plainModel(redis.client, { name: 'while nobody ran' });
  const third = await startDaemon(archive(), { awaitPass: false });
  await untilPaused(third, 'archive');
  await untilItWaits(third, 'archive');
  expect(await models()).toEqual([]);
  expect(await millrace('resume', 'archive', archive())).toMatchObject({ code: 0 });
  await names('seen by the mirror', 'while nobody ran');
  await caughtUp({ redis, postgres }, third.running);
});

test('an owner that is displaced while paused does not go on saying so after the end of the pause', async () => {
  const daemon = await startDaemon(archive());
  await daemon.control.pause('archive', 'tester');
  await untilPaused(daemon, 'archive');
  await postgres.query(
    "UPDATE millrace.checkpoint SET epoch = epoch + 1, owner = 'another', heartbeat = clock_timestamp() + interval '4 seconds'",
  );
  await becomes(asked(daemon), 'standby');
  await daemon.control.resume('archive');
  expect((await daemon.status()).archive.paused).toBeNull();
});

test('a pass that is asked for is refused while its pipeline is paused, with what to do', async () => {
  const daemon = await startDaemon(archive());
  await daemon.control.pause('archive', 'tester');
  await expect(daemon.control.reconcile('archive')).rejects.toMatchObject({ code: 'E_PAUSED' });
  for (const verb of ['reconcile', 'run --once']) {
    const [name = '', ...flags] = verb.split(' ');
    const { code, output } = await runCli([name, ...flags, '--only', 'archive'], archive(), folder);
    expect([code, output]).toEqual([1, expect.stringMatching(/E_PAUSED[^]*millrace resume --only archive/)]);
  }
  await daemon.control.resume('archive');
  expect((await daemon.control.reconcile('archive')).statistics.errors).toBe(0);

  await millrace('pause', 'aliases', aliases());
  const { code, output } = await millrace('reconcile', 'aliases', aliases());
  expect([code, output]).toEqual([1, expect.stringContaining('E_PAUSED')]);
});

test('a second pause leaves the first one’s time and name', async () => {
  const daemon = await startDaemon(archive());
  await daemon.control.pause('archive', 'the first');
  await untilPaused(daemon, 'archive');
  const before = (await daemon.status()).archive.paused;
  await daemon.control.pause('archive', 'the second');
  await millrace('pause', 'archive', archive());
  expect((await daemon.status()).archive.paused).toEqual(before);
  await expect(daemon.control.pause('aliases', 'tester')).rejects.toMatchObject({ code: 'E_NOT_RUN' });
});

test('the archive cannot be paused before its tables are there: the error says what to do', async () => {
  await emptied(postgres);
  const { code, output } = await millrace('pause', 'archive', archive());
  expect([code, output]).toEqual([1, expect.stringMatching(/E_PG_SCHEMA[^]*millrace migrate/)]);
});
