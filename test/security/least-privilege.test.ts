import { join } from 'node:path';
import Redis from 'ioredis';
import { keyspacePattern } from '../../src/connections/keyspace-pattern';
import { findTargets } from '../../src/archive/schema/preparation';
import { Retention } from '../../src/archive/retention/retention';
import { warm } from '../../src/archive/warm/warm';
import { loadConfig, requirePostgres } from '../../src/config/load';
import { readAsset } from '../../src/foundation/package-root';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { RedisConnection } from '../../src/connections/redis';
import { daemonGrants } from '../../src/connections/redis-grants';
import { grants } from '../../src/writer/library';
import { ModelStore } from '../../src/writer/model-store';
import { askPostgres } from '../support/ask-postgres';
import { runCli } from '../support/run-cli';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { type Calls, listenToCalls } from './support/calls';
import { mainPath } from './support/main-path';
import { aclFile, leastWorld } from './support/worlds';
import { aiRegistry } from '../../src/mapping/ai-registry';

// deploy/redis/millrace.acl and deploy/postgres/role.sql: enough, and not more.

const folder = temporaryFolder();
let world: Awaited<ReturnType<typeof leastWorld>>;
let calls: Calls;
const open: Redis[] = [];
beforeAll(async () => {
  world = await leastWorld(folder);
  calls = await listenToCalls(world.redis.client);
});
afterAll(() => {
  calls.stop();
  for (const client of open) client.disconnect();
});

const rulesOf = (user: string): string[] =>
  (new RegExp(`^user ${user} on resetkeys resetchannels -@all (.*)$`, 'm').exec(aclFile)?.[1] ?? '').split(
    ' ',
  );
const commandsOf = (user: string): string[] =>
  rulesOf(user).flatMap((rule) => (rule.startsWith('+') ? [rule.slice(1).replace(/\)$/, '')] : []));

test('the main path passes with the least rights, doctor and status included, and nobody tried to do more', async () => {
  await mainPath(world, folder);
  expect(await world.redis.client.call('ACL', 'LOG')).toEqual([]);
});

test('the ACL file grants what the errors name', () => {
  expect(rulesOf('millrace').join(' ')).toBe(daemonGrants(aiRegistry));
  expect(daemonGrants(aiRegistry)).toContain(`&${keyspacePattern(0, aiRegistry)} `);
  const writer = rulesOf('millrace-writer');
  for (const rule of grants.split(' ').filter((one) => !one.startsWith('+function|')))
    expect(writer).toContain(rule);
});

/** What a user may call and such connections have not called. MONITOR tells of it a little later. */
const uncalled = (user: string, connections: (name: string) => boolean): string[] => {
  const called = calls.by(connections);
  return [...new Set(commandsOf(user))].filter((command) => !called.has(command)).sort();
};

/** What is granted and not called on the main path, and what for. */
const rare: Readonly<Record<string, string>> = {
  ping: 'asks a subscription that has been silent for seconds whether it lives',
  select: 'of a database other than 0',
  del: 'of a checkpoint that somebody has overwritten with another type',
  hstrlen: 'measures a record that may be too large',
  xdel: 'takes an entry that is too large out of the stream',
  rename: 'of a stream whose last id somebody has set far ahead of the clock',
  pttl: 'and the next are asked by trace and support-bundle, beside the daemon',
  dbsize: 'see above',
  'config|get': 'is called, but MONITOR keeps quiet about it: counted below',
};

test('the daemon has called each command that it may call, but for the rare ones', async () => {
  const ours = (name: string) => name.startsWith('millrace-') && name !== 'millrace-writer';
  // Rare ones may have been called, too: `ping`, where a busy machine leaves a subscription silent.
  await eventually(() =>
    expect(uncalled('millrace', ours).filter((command) => !(command in rare))).toEqual([]),
  );
  expect(await world.redis.client.info('commandstats')).toMatch(/cmdstat_config\|get:calls=[1-9]/);
});

test('retention passes with what docs/07-security.md adds for it, and warm as its own user', async () => {
  const [, , ...rules] = (
    /`ACL (SETUSER millrace .*?)`/.exec(readAsset('docs/07-security.md'))?.[1] ?? ''
  ).split(' ');
  const { client } = world.redis;
  await client.call('ACL', 'SETUSER', 'millrace', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const indexed = async () => {
    const keys = await client.keys('aidb:idx:predictions:*');
    const counts = await Promise.all(keys.map((key) => client.zcard(key)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  const before = await indexed();
  const config = loadConfig(world.environment);
  const target = requirePostgres(config);
  const redis = new RedisConnection(config.redis, 'retention');
  const postgres = new PostgresConnection(target, 'retention');
  await redis.connect();
  const targets = await findTargets(postgres, config.catalogue);
  const retention = new Retention({
    ...{
      redis,
      postgres,
      targets: () => targets,
      catalogue: config.catalogue,
      dryRun: false,
      onRemoved: () => undefined,
    },
    policy: { prediction: -1, metric: -1 }, // what will be older tomorrow
  });
  while (await retention.step());
  redis.close();
  postgres.close();
  const removed = retention.report.kinds.prediction?.removed ?? 0;
  expect([removed, await indexed()]).toEqual([before, 0]);
  expect(before).toBeGreaterThan(0);

  await warm({
    config: loadConfig({ ...world.environment, REDIS_URL: world.asUser('millrace-warm') }),
    ...{ target, limits: { newest: 'all' }, dryRun: false, signal: new AbortController().signal },
    ...{ onPlan: () => undefined, onProgress: () => undefined },
  });
  // What the application deleted meanwhile comes back as well.
  expect(await indexed()).toBeGreaterThanOrEqual(before);
  expect(await client.call('ACL', 'LOG')).toEqual([]);
});

test('what docs/07-security.md adds for retention is that, and no right to write records otherwise', async () => {
  const [, , ...rules] = (
    /`ACL (SETUSER millrace .*?)`/.exec(readAsset('docs/07-security.md'))?.[1] ?? ''
  ).split(' ');
  const { client } = world.redis;
  const [plain] = aclFile.split('\n');
  await client.call('ACL', 'SETUSER', 'keeper', ...(plain ?? '').split(' ').slice(2), ...rules);
  const may = (...command: string[]) => client.call('ACL', 'DRYRUN', 'keeper', ...command);
  for (const command of [
    ['HLEN', 'aidb:run:1'],
    ['ZCARD', 'aidb:metric:1:a:b'],
    ['ZREM', 'aidb:idx:runs', '1'],
    ['PEXPIRE', 'aidb:run:1', '1'],
  ])
    expect(await may(...command)).toBe('OK');
  for (const command of [
    ['SET', 'aidb:run:1', 'x'],
    ['UNLINK', 'aidb:run:1'],
    ['PEXPIRE', 'session:1', '1'],
  ])
    expect(await may(...command)).toMatch(/no permissions|permissions to/);
});

const as = (user: string): Redis => {
  const client = new Redis(world.asUser(user), { disconnectTimeout: 50 });
  open.push(client);
  return client;
};

test.each([
  ['FLUSHALL'],
  ['FLUSHDB'],
  ['KEYS', '*'],
  ['CONFIG', 'SET', 'maxmemory', '1'],
  ['CONFIG', 'REWRITE'],
  ['ACL', 'LIST'],
  ['SHUTDOWN'],
  ['SAVE'],
  ['MONITOR'],
  ['FUNCTION', 'FLUSH'],
  ['FUNCTION', 'LOAD', 'REPLACE', '#!lua name=millrace'],
  ['FUNCTION', 'DELETE', 'millrace'],
  ['SCRIPT', 'FLUSH'],
  ['CLIENT', 'LIST'],
  ['SUBSCRIBE', 'news'],
  ['PSUBSCRIBE', '*'],
  ['GET', 'session:1'],
  ['SET', 'session:1', 'x'],
  ['DEL', 'session:1'],
  ['SET', 'aidb:model:1', 'x'],
  ['DEL', 'aidb:model:1'],
  ['UNLINK', 'aidb:counter:model'],
  ['XADD', 'aidb:x', '*', 'a', 'b'],
  ['EVAL', "return redis.call('SET', KEYS[1], 'x')", '1', 'aidb:model:1'],
  ['EVAL', "return redis.call('UNLINK', KEYS[1])", '1', 'aidb:model:1'],
  ['EVAL', "return redis.call('GET', 'session:1')", '0'],
  ['FCALL', 'millrace_delete_model', '3', 'millrace:changes', 'aidb:model:1', 'aidb:idx:models', 'id', '1'],
])('the daemon is denied %s %s', async (command, ...args) => {
  const daemon = as('millrace');
  await expect(daemon.call(command, ...args)).rejects.toThrow(/^NOPERM|^ERR The user executing the script/);
});

test.each([
  ['SET', 'alias:team:x', '[]'],
  ['DEL', 'millrace:aliases:checkpoint'],
  ['XTRIM', 'millrace:changes', 'MAXLEN', '0'],
  ['DEL', 'millrace:changes'],
  ['UNLINK', 'millrace:changes'],
  ['GET', 'session:1'],
  ['FUNCTION', 'LOAD', 'REPLACE', '#!lua name=millrace'],
  ['FLUSHALL'],
])('an application that writes is denied %s %s', async (command, ...args) => {
  await expect(as('millrace-writer').call(command, ...args)).rejects.toThrow(/NOPERM/);
});

test('an application that only writes may call everything that ModelStore has', async () => {
  const store = new ModelStore(world.writer);
  try {
    const modelId = await store.createModel({ name: 'all' });
    const modelVersionId = await store.createModelVersion({ modelId, version: '1' });
    const datasetId = await store.createDataset({ name: 'all' });
    const run = await store.createTrainingRun({ modelVersionId, datasetId });
    const experimentId = await store.createExperiment({ name: 'all' });
    await store.addRunToExperiment({ experimentId, trainingRunId: run });
    await store.logMetrics(run, [{ metricName: 'loss', metricValue: 1 }]);
    await store.logHyperparameters(run, { lr: 1 });
    const [prediction = 0] = await store.logPredictions([{ modelVersionId }]);
    expect(await store.getModelByName('all')).toMatchObject({ id: modelId });
    expect(await store.listModels()).not.toEqual([]);
    expect(await store.getModelVersions(modelId)).toHaveLength(1);
    expect(await store.getMetrics(run)).toHaveLength(1);
    expect(await store.getHyperparameters(run)).toEqual({ lr: '1' });
    expect(await store.getExperimentRuns(experimentId)).toHaveLength(1);
    expect(await store.getPredictions(modelVersionId)).toHaveLength(1);
    expect(await store.getStatistics()).toMatchObject({});
    expect(await store.deletePrediction(prediction)).toBe(true);
    expect(await store.deleteMetric(run, { metricName: 'loss' })).toBe(true);
    expect(await store.deleteExperimentRun(experimentId, run)).toBe(true);
    expect(await store.deleteHyperparameters(run)).toBe(true);
    expect(await store.deleteTrainingRun(run)).toBe(true);
    expect(await store.deleteModelVersion(modelVersionId)).toBe(true);
    expect(await store.deleteModel(modelId)).toBe(true);
    expect(await store.deleteModel(modelId)).toBe(false);
    expect(await store.deleteExperimentRun(experimentId, run)).toBe(false);
  } finally {
    store.close();
  }
  await eventually(() =>
    expect(uncalled('millrace-writer', (name) => name === 'millrace-writer')).toEqual(['ping', 'select']),
  );
});

test('without notifications, and without the right to switch them on, the mirror says what to set', async () => {
  const { client } = world.redis;
  await client.config('SET', 'notify-keyspace-events', '');
  const daemon = await startDaemon({ ...world.environment, MILLRACE_ONLY: 'archive' });
  await eventually(async () => {
    const { mirror } = (await daemon.status()).archive;
    expect(mirror).toMatchObject({
      state: 'refused',
      hint: expect.stringMatching(/notify-keyspace-events \S*K/) as string,
    });
  });
  await client.config('SET', 'notify-keyspace-events', 'Kg$shz');
});

test('a verb that anybody runs passes with what the daemon and its role may do', async () => {
  const { client } = world.redis;
  await client.call('ACL', 'LOG', 'RESET');
  const data = join(folder, 'verbs.db');
  aliasDatabase(data).close();
  const environment = { ...world.environment, DB_PATH: data, HTTP_PORT: '0' };
  await client.hset('aidb:prediction:1', 'id', '1');
  for (const verb of [
    ['run', '--once'],
    ['reconcile'],
    ['reconcile', '--dry-run'],
    ['status'],
    ['doctor'],
    ['trace', 'aidb:prediction:1'],
    ['trace', 'alias:team:x'],
    ['dead-letters', 'list'],
    ['dead-letters', 'retry'],
    ['pause'],
    ['resume'],
    ['capture', 'status'],
    ['warm', '--dry-run'],
    ['retention', '--dry-run'],
    ['support-bundle', join(folder, 'bundle.json.gz')],
  ]) {
    const url = verb[0] === 'warm' ? { REDIS_URL: world.asUser('millrace-warm') } : {};
    const { output } = await runCli(verb, { ...environment, ...url }, folder);
    expect(`${verb.join(' ')}: ${output}`).not.toMatch(
      /NOPERM|E_REDIS_ACL|no permissions|unknown (option|command)/,
    );
  }
  expect(await client.call('ACL', 'LOG')).toEqual([]);
}, 120_000);

test.each([
  'DROP TABLE models',
  'TRUNCATE predictions',
  'DELETE FROM models',
  'DELETE FROM predictions',
  'ALTER TABLE models ADD COLUMN x int',
  'CREATE INDEX ON models (name)',
  'DROP SCHEMA millrace CASCADE',
  'DROP TABLE millrace.checkpoint',
  'CREATE TABLE millrace.mine (x int)',
  'CREATE SCHEMA mine',
  'CREATE TABLE public.mine (x int)',
  'SELECT * FROM others',
  'INSERT INTO others VALUES (1)',
  'CREATE ROLE friend',
  'ALTER ROLE millrace_daemon SUPERUSER',
  'SET ROLE millrace_migrator',
  `COPY models TO PROGRAM 'true'`,
  `SELECT pg_read_file('postgresql.conf')`,
])('Postgres denies the daemon: %s', async (sql) => {
  await world.postgres.query('CREATE TABLE IF NOT EXISTS public.others (x int)');
  await expect(askPostgres(world.environment['POSTGRES_URL'] ?? '', sql)).rejects.toMatchObject({
    code: '42501',
  });
});

test('ON_DELETE=delete needs one right more, and says which', async () => {
  const environment = { ...world.environment, MILLRACE_ONLY: 'archive', ON_DELETE: 'delete' };
  const refused: unknown = await startDaemon(environment).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'E_PG_GRANT',
    hint: expect.stringContaining('GRANT DELETE ON "public"."models" TO "millrace_daemon";') as string,
  });
});

test('a database that is not migrated is none of the daemon’s business: it says what is missing', async () => {
  await world.postgres.query('DROP TABLE predictions');
  const environment = { ...world.environment, MILLRACE_ONLY: 'archive' };
  const refused: unknown = await startDaemon(environment).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'E_PG_GRANT', kind: 'fatal' });
});
