import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { loadConfig } from '../../src/config/load';
import { daemonGrants } from '../../src/connections/redis-grants';
import type { MappingAnswer, MappingsAnswer } from '../../src/http/api-mappings';
import { ModelStore } from '../../src/writer/model-store';
import { aliasDatabase } from '../support/alias-database';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { temporaryFolder } from '../support/temporary-folder';

/** What the daemon tells of its mappings, of every form at once. */
const file = `version: 1
include: [sports-aliases, ai-registry]
documents:
  club: { from: clubs, key: "club:{id}", json: [id, name] }
  club-card: { from: clubs, key: "card:{id}", hash: [name, city], ttl: 3600, where: "city IS NOT NULL" }
  lost: { from: nowhere, key: "lost:{id}", json: [id] }
records:
  user: { key: "user:{id:int}", table: users, hash: { email: text!, age: int } }
`;

const folder = temporaryFolder();
let redis: TestRedis;
let postgres: TestPostgres;
let db: Database.Database;
let store: ModelStore;
let settings: Readonly<Record<string, string>>;
let daemon: TestDaemon;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
  store = new ModelStore(redis.client);
  const path = join(folder, 'sports.db');
  db = aliasDatabase(path);
  db.exec(`INSERT INTO team_aliases VALUES ('1', 'a'), ('2', 'b'), (NULL, 'c');
    CREATE TABLE clubs (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    INSERT INTO clubs WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70)
      SELECT i, 'Club ' || i, iif(i > 60, 'Rome', NULL) FROM n`);
  writeFileSync(join(folder, 'millrace.yaml'), file);
  settings = {
    ...{ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, DB_PATH: path, SYNC_INTERVAL: '3600' },
    MILLRACE_CONFIG: join(folder, 'millrace.yaml'),
    MILLRACE_ONLY: '',
  };
});
beforeEach(async () => {
  daemon = await startDaemon(settings);
  await eventually(async () => expect((await get('/readyz')).status).toBe(200));
});
afterAll(() => {
  store.close();
  db.close();
});

const get = (route: string) => fetch(`${daemon.url}${route}`);
const list = async () => ((await (await get('/api/mappings')).json()) as MappingsAnswer).mappings;
const page = async (name: string) =>
  ((await (await get(`/api/mappings/${name}`)).json()) as MappingAnswer).mapping;

test('all mappings are listed, with their keys, tables, counts, and why one is not served', async () => {
  await eventually(async () => expect((await daemon.status()).archive.lastPass).not.toBeNull());
  const mappings = await list();
  expect(mappings.map(({ name }) => name)).toEqual([
    ...['team', 'player', 'league', 'market', 'club', 'club-card', 'lost'],
    ...[
      'model',
      'dataset',
      'experiment',
      'version',
      'run',
      'hyperparam',
      'exprun',
      'metric',
      'prediction',
      'user',
    ],
  ]);
  const served = { served: true, message: null, hint: null };
  const one = (name: string) => mappings.find((mapping) => mapping.name === name);
  expect(one('team')).toEqual({
    ...{
      name: 'team',
      pipeline: 'aliases',
      form: 'alias table',
      keys: 'alias:team:{alias}',
      table: 'team_aliases',
    },
    ...{ ...served, keysInPass: 2, differences: expect.any(Number) as number, parked: 1 },
  });
  expect(one('club-card')).toMatchObject({
    form: 'document',
    keys: 'card:{id}',
    table: 'clubs',
    keysInPass: 10,
  });
  expect(one('lost')).toMatchObject({
    ...{ served: false, message: expect.stringContaining('nowhere') as string, keysInPass: null },
    hint: expect.stringMatching(/\w/) as string,
  });
  expect(one('metric')).toMatchObject({
    ...{ pipeline: 'archive', form: 'record', table: 'metrics', ...served },
    ...{
      keys: 'aidb:metric:{training_run_id}:{metric_name}:{split}',
      keysInPass: null,
      differences: 0,
      parked: 0,
    },
  });
  expect(one('user')).toMatchObject({ keys: 'user:{id:int}', table: 'users', ...served });
}, 60_000);

test('the page of a document has its words, its counts, and its first keys with both sides, compared as a pass does', async () => {
  await redis.client.set('club:2', '{"id":2,"name":"not so"}');
  await redis.client.del('club:3');
  const club = await page('club');
  expect(club.text).toMatch(
    /^documents:\n {2}# .*millrace\.yaml\n {2}club:\n {4}from: clubs\n {4}key: club:\{id\}\n {4}json: \[id, name\]$/,
  );
  expect(club).toMatchObject({ keysInPass: 70, parked: 0, lag: { records: 0 }, unserved: [], letters: [] });
  expect(club.sample.keys).toHaveLength(5);
  expect(club.sample.keys.slice(0, 3)).toEqual([
    { key: 'club:1', source: '{"id":1,"name":"Club 1"}', target: '{"id":1,"name":"Club 1"}', state: 'same' },
    {
      key: 'club:2',
      source: '{"id":2,"name":"Club 2"}',
      target: '{"id":2,"name":"not so"}',
      state: 'different',
    },
    { key: 'club:3', source: '{"id":3,"name":"Club 3"}', target: null, state: 'missing' },
  ]);
  expect(await redis.client.get('club:2')).toContain('not so'); // looking changes nothing
  const before = club.applied;
  db.exec(`UPDATE clubs SET name = 'New' WHERE id IN (2, 70)`);
  await eventually(async () => expect((await page('club')).applied.update).toBe(before.update + 2));
  const card = await page('club-card');
  expect(card.sample.keys.map(({ key }) => key)).toEqual([
    'card:61',
    'card:62',
    'card:63',
    'card:64',
    'card:65',
  ]);
  const value = '{"name":"Club 61","city":"Rome"}';
  expect(card.sample.keys[0]).toEqual({ key: 'card:61', source: value, target: value, state: 'same' });
}, 60_000);

test('the page of an alias table has its unserved rows; what is not served says why it shows no key', async () => {
  const team = await page('team');
  expect(team.unserved).toMatchObject([{ alias: 'c', reason: 'the id is NULL' }]);
  expect(team.text).toContain('# sports-aliases, built in');
  expect((await page('lost')).sample).toEqual({ keys: [], note: 'it is not served', rows: null });
});

test('the page of a record has the fields of Redis and the row of Postgres, and what is parked', async () => {
  await redis.client.hset('user:1', { email: 'a@b.c', age: '7' });
  await redis.client.hset('user:2', { email: 'x', age: 'old' });
  await eventually(async () => {
    const { sample, letters, parked } = await page('user');
    expect({ letters, parked }).toEqual({ letters: [{ kind: 'user', code: '22P02', count: 1 }], parked: 1 });
    expect(sample).toMatchObject({ note: null, rows: { count: 1, about: false } });
    expect([...sample.keys].sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
      {
        ...{ key: 'user:1', state: 'same', source: '{"email":"a@b.c","age":"7"}' },
        target: '{"id":1,"email":"a@b.c","age":7}',
      },
      {
        ...{ key: 'user:2', state: 'unfit', source: '{"email":"x","age":"old"}', target: null },
        why: expect.stringContaining('age "old" is not a whole number') as string,
      },
    ]);
  });
  await postgres.query(`UPDATE users SET email = 'other', age = 8`);
  expect((await page('user')).sample.keys.find(({ key }) => key === 'user:1')).toMatchObject({
    ...{ state: 'different', why: 'email, age', target: '{"id":1,"email":"other","age":8}' },
  });
}, 60_000);

test('kinds of the registry show their rows, whatever tells these apart: ids, parents, or what they hold', async () => {
  const model = await store.createModel({ name: 'net' });
  const version = await store.createModelVersion({ modelId: model, version: 'v1' });
  const run = await store.createTrainingRun({ modelVersionId: version });
  await store.logHyperparameters(run, { lr: '0.1' });
  await store.logMetric(run, { metricName: 'loss', metricValue: 0.5, epoch: 1 });
  await store.logPrediction({ modelVersionId: version, output: { label: 'cat' } });
  const experiment = await store.createExperiment({ name: 'try' });
  await store.addRunToExperiment({ experimentId: experiment, trainingRunId: run, notes: 'noted' });
  const shown = async (name: string) => (await page(name)).sample.keys[0];
  await eventually(async () => {
    expect(await shown('model')).toMatchObject({
      ...{ state: 'same', key: `aidb:model:${model}` },
      source: expect.stringContaining('"name":"net"') as string,
      target: expect.stringContaining('"name":"net"') as string,
    });
    expect(await shown('hyperparam')).toMatchObject({
      ...{ state: 'same', record: 'lr', source: '{"param_name":"lr","param_value":"0.1"}' },
      target: expect.stringContaining('"param_value":"0.1"') as string,
    });
    expect(await shown('metric')).toMatchObject({
      ...{ state: 'same', record: expect.stringContaining('"loss"') as string },
      target: expect.stringContaining('"metric_value":0.5') as string,
    });
  });
  expect(await shown('prediction')).toMatchObject({
    ...{ state: 'same', source: expect.stringContaining('cat') as string },
    target: expect.stringContaining('cat') as string,
  });
  expect(await shown('exprun')).toMatchObject({
    ...{ state: 'same', key: `aidb:exprun:${experiment}:${run}` },
    target: expect.stringContaining('"notes":"noted"') as string,
  });
  expect((await page('model')).text).toContain('name: text!');
}, 60_000);

test('an unknown name is a 404 that names the nearest, and a mapping of a pipeline that is not run here a 409', async () => {
  const reply = await get('/api/mappings/clup');
  expect(reply.status).toBe(404);
  expect(await reply.json()).toMatchObject({
    message: 'there is no mapping "clup"',
    hint: expect.stringContaining('nearest is club;') as string,
  });
  await daemon.stop();
  daemon = await startDaemon({ ...settings, MILLRACE_ONLY: 'aliases' });
  expect((await list()).map(({ pipeline }) => pipeline)).not.toContain('archive');
  const absent = await get('/api/mappings/user');
  expect([absent.status, await absent.json()]).toEqual([409, expect.objectContaining({ code: 'E_NOT_RUN' })]);
}, 60_000);

test('a new document whose keys somebody else has is not served, and its page says why and shows theirs', async () => {
  await daemon.stop();
  await redis.client.set('fresh:1', 'theirs');
  const path = join(folder, 'fresh.yaml');
  writeFileSync(path, 'version: 1\ndocuments:\n  fresh: { from: clubs, key: "fresh:{id}", json: [id] }\n');
  daemon = await startDaemon({ ...settings, MILLRACE_CONFIG: path, MILLRACE_ONLY: 'cache' });
  const fresh = await page('fresh');
  expect(fresh).toMatchObject({
    ...{ served: false, message: expect.stringContaining('fresh is new') as string },
    hint: expect.stringContaining('config apply --yes fresh') as string,
  });
  expect(fresh.sample.keys.slice(0, 2)).toEqual([
    { key: 'fresh:1', source: '{"id":1}', target: 'theirs', state: 'different' },
    { key: 'fresh:2', source: '{"id":2}', target: null, state: 'missing' },
  ]);
}, 60_000);

test('the rights that the grants name are enough to look, and none is tried beyond them', async () => {
  await daemon.stop();
  const { client } = redis;
  const config = loadConfig(settings);
  const rules = daemonGrants(config.catalogue, config.documents).match(/\([^)]*\)|\S+/g) ?? [];
  await client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>secret', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const url = new URL(redis.url);
  [url.username, url.password] = ['daemon', 'secret'];
  daemon = await startDaemon({ ...settings, REDIS_URL: url.href });
  await eventually(async () => expect((await get('/readyz')).status).toBe(200));
  for (const name of ['team', 'club', 'club-card', 'user', 'model', 'hyperparam', 'metric'])
    expect([name, (await page(name)).sample]).toEqual([name, expect.objectContaining({ note: null })]);
  expect(await client.call('ACL', 'LOG')).toEqual([]);
}, 60_000);

test('while a store is away the page tells all the same, and why it shows no key', async () => {
  redis.server.kill('SIGSTOP');
  try {
    const { sample, keys } = await page('club');
    expect(keys).toBe('club:{id}');
    expect(sample).toMatchObject({ keys: [], note: expect.stringMatching(/look again|no answer/) as string });
  } finally {
    redis.server.kill('SIGCONT');
  }
});
