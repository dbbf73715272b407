import { eventually } from '../support/eventually';
import { startCli } from '../support/cli';
import { runCli } from '../support/run-cli';
import { plainModel, plainVersion } from '../support/plain-writer';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from '../archive/support/archive';
import { emptied } from '../archive/support/in-step';
import { caughtUp } from '../archive/support/in-step';
import { contentsOf } from '../archive/support/warm';

const archive = useArchive();
const folder = temporaryFolder();
const client = () => archive.redis.client;

const stores = () => {
  const { REDIS_URL = '', POSTGRES_URL = '' } = archive.environment();
  return { REDIS_URL, POSTGRES_URL };
};
const run = (...args: string[]) => runCli(['warm', ...args], stores(), folder);

async function archivePredictions(count: number): Promise<void> {
  const daemon = await archive.start();
  const model = await plainModel(client(), { name: 'm' });
  const modelVersionId = await plainVersion(client(), model);
  await archive.store.logPredictions(Array.from({ length: count }, () => ({ modelVersionId })));
  await archive.becomes('SELECT count(*) FROM predictions', [String(count)]);
  await caughtUp(archive, daemon.running);
  await daemon.stop();
}

test('tells what it will do and what it did; a second run has nothing to do', async () => {
  await archivePredictions(3);
  await client().flushall();
  const first = await run('--predictions', '2');
  expect(first.output).toMatch(/predictions: 2, the newest 2 of each version/);
  expect(first.output).toMatch(/predictions +2 +0 +0\n/);
  expect(first.output).toContain('predictions 1: not asked for');
  expect(first.output).toContain('counters: model none → 1, version none → 1, prediction none → 3');
  expect(first.output).toMatch(/4 records put back in \d/);
  expect(first.code).toBe(0);
  const second = await run('--predictions', '2', '--json');
  const report = JSON.parse(second.output) as { tallies: { prediction: unknown } };
  expect(report.tallies.prediction).toMatchObject({ restored: 0, there: 2 });
  expect(second.code).toBe(0);
});

test('ends with 2 when a record was kept back, and says why', async () => {
  await archivePredictions(1);
  await client().flushall();
  await plainModel(client(), { name: 'another' });
  const { code, output } = await run();
  expect(output).toContain('models 1: kept back: another record, or something else, has the key by now');
  expect(output).toContain('predictions 1: kept back: what they belong to is not in Redis');
  expect(code).toBe(2);
});

test.each(['-1', 'abc', '1.5', ''])('refuses --predictions=%s', async (wrong) => {
  const { code, output } = await run(`--predictions=${wrong}`);
  expect(output).toContain(`--predictions="${wrong}" must be a whole number (0: none), or all (E_CONFIG)`);
  expect(code).toBe(1);
});

test('says what to do where nothing was ever archived, and where there is nothing to put back', async () => {
  await emptied(archive.postgres);
  const before = await run();
  expect(before.output).toMatch(/E_PG_NOT_MIGRATED/);
  expect(before.output).toContain('millrace migrate');
  expect(before.code).toBe(1);
  const daemon = await archive.start();
  await daemon.stop();
  const empty = await run();
  expect(empty.output).toContain(
    'Postgres holds no records that came from Redis: there is nothing to put back.',
  );
  expect(empty.code).toBe(0);
});

test('after kill -9 in the middle every record that is there is whole, and the next run brings the rest; a connection to Postgres or Redis that is lost there is an error that says so', async () => {
  await archivePredictions(12_000);
  const before = await contentsOf(client());
  await client().flushall();
  const killed = startCli(['warm', '--predictions', 'all'], stores(), folder);
  await eventually(async () => (await client().zcard('aidb:idx:predictions:1')) > 0, { alive: killed.ended });
  killed.child.kill('SIGKILL');
  expect((await killed.ended).code).toBeNull();
  const there = (await client().keys('aidb:prediction:*')).length;
  expect(there).toBeLessThan(12_000);
  expect(await client().zcard('aidb:idx:predictions:1')).toBe(there);
  expect((await run('--predictions', 'all')).code).toBe(0);
  expect(await contentsOf(client())).toEqual(before);

  await client().flushall();
  const middle = () => eventually(async () => (await client().zcard('aidb:idx:predictions:1')) > 0);
  const cut = run('--predictions', 'all');
  await middle();
  await archive.postgres.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-warm' AND datname = current_database()`,
  );
  const withoutPostgres = await cut;
  expect(withoutPostgres.output).toContain('E_PG_UNREACHABLE');
  expect(withoutPostgres.code).toBe(1);
  await client().flushall();
  const again = run('--predictions', 'all');
  await middle();
  const list = (await client().client('LIST')) as string;
  const [, id = ''] = /id=(\d+) [^\n]*name=millrace-warm/.exec(list) ?? [];
  await client().client('KILL', 'ID', id);
  const withoutRedis = await again;
  expect(withoutRedis.output).toMatch(/E_REDIS/);
  expect(withoutRedis.code).toBe(1);
}, 90_000);
