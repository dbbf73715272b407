import { join } from 'node:path';
import Database from 'better-sqlite3';
import { archiveOnce } from '../../src/archive/once';
import { loadConfig } from '../../src/config/load';
import { addAliases, verifyAliases } from '../../src/demo/aliases';
import { type Connections, connect } from '../../src/demo/connections';
import { recordKeys } from '../../src/demo/expected';
import { fill } from '../../src/demo/fill';
import { type Verification, verify } from '../../src/demo/verify';
import { createSampleDatabase } from '../../src/embedded/sample-db';
import { aliasesOnce } from '../../src/aliases/once';
import { keepLog } from '../support/daemon';
import { testPostgres } from '../support/postgres';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis } from '../support/stores';

const dbPath = join(temporaryFolder(), 'sports_data.db');
let stores: Connections;

beforeAll(async () => {
  const [redis, postgres] = await Promise.all([testRedis(), testPostgres()]);
  createSampleDatabase(dbPath);
  const addresses = { dbPath, redisUrl: redis.url, postgresUrl: postgres.url };
  stores = await connect(addresses, new AbortController().signal);
  const environment = { DB_PATH: dbPath, REDIS_URL: redis.url, POSTGRES_URL: postgres.url };
  const config = loadConfig(environment);
  expect((await fill(stores)).fresh).toBe(true);
  addAliases(stores.db);
  await archiveOnce(config, keepLog());
  await aliasesOnce(config, keepLog());
}, 120_000);
afterAll(() => {
  stores.close();
});

async function compared(): Promise<Verification[]> {
  const { redis, postgres } = stores;
  return verify({ redis, postgres, keys: await recordKeys(redis), all: true });
}

const differences = (comparisons: readonly Verification[]) => comparisons.flatMap((one) => one.differences);

test('everything the demo fills is archived, and equal', async () => {
  const comparisons = await compared();
  expect(comparisons.map(({ records, equal, total }) => `${equal}/${total} ${records}`)).toEqual([
    '2/2 models',
    '2/2 datasets',
    '1/1 model versions',
    '1/1 training runs',
    '5/5 hyperparameters',
    '20/20 metrics',
    '1/1 experiments',
    '1/1 experiment runs',
    '10/10 predictions',
  ]);
  expect(differences(comparisons)).toEqual([]);
});

test('what an earlier demo has filled is used again', async () => {
  const before = await stores.redis.dbsize();
  expect((await fill(stores)).fresh).toBe(false);
  expect(await stores.redis.dbsize()).toBe(before);
});

test.each([
  ['a number', 'UPDATE predictions SET confidence = confidence + 1e-12 WHERE redis_id = 1', /confidence is/],
  [
    '0 for NULL',
    'UPDATE predictions SET confidence = 0 WHERE redis_id = 10',
    /confidence is "0".*must be NULL/,
  ],
  ['NULL for a time', 'UPDATE training_runs SET started_at = NULL', /no such row/],
  [
    'a microsecond',
    `UPDATE models SET updated_at = updated_at + interval '1 microsecond' WHERE name = 'BERT-Redis'`,
    /models with name BERT-Redis: updated_at is/,
  ],
  ['JSON written anew', 'UPDATE model_versions SET config = config::jsonb::json', /config is/],
  [
    'another parent',
    `UPDATE training_runs SET dataset_id = (SELECT id FROM datasets WHERE name = 'SQuAD-Redis')`,
    /dataset_id is/,
  ],
  ['a missing row', 'DELETE FROM metrics WHERE id = (SELECT min(id) FROM metrics)', /no such row/],
  [
    'a row twice',
    'INSERT INTO hyperparameters (training_run_id, param_name, param_value) SELECT training_run_id, param_name, param_value FROM hyperparameters LIMIT 1',
    /there are 2 such rows/,
  ],
  ['a row too many', `INSERT INTO models (name) VALUES ('stranger')`, /models: 1 rows more/],
  ['a wrong mapping', `UPDATE millrace.id_map SET pg_id = pg_id + 7 WHERE kind = 'experiment'`, /id is/],
])('%s in Postgres is found', async (_what, tampering, told) => {
  const { postgres } = stores;
  await postgres.query('BEGIN');
  try {
    expect((await postgres.query(tampering)).rowCount).toBeGreaterThan(0);
    const found = await compared();
    expect(differences(found).join('\n')).toMatch(told);
  } finally {
    await postgres.query('ROLLBACK');
  }
});

test('aliases are compared key by key: a wrong, a missing and a strange one are found', async () => {
  const { redis } = stores;
  const db = new Database(dbPath, { readonly: true });
  const right = await verifyAliases(db, redis);
  expect(right).toMatchObject({ equal: 80, total: 80, differences: [] });
  await redis.set('alias:team:the reds', '["2"]');
  await redis.del('alias:league:serie a');
  await redis.set('alias:player:nobody', '["1"]');
  const wrong = await verifyAliases(db, redis);
  expect(wrong.equal).toBe(78);
  expect([...wrong.differences].sort()).toEqual([
    'alias:league:serie a is (nil) in Redis, and must be ["5","6"]',
    'alias:player:nobody is in Redis, and there is no such alias in SQLite',
    'alias:team:the reds is ["2"] in Redis, and must be ["2","6"]',
  ]);
  db.close();
});

test('a Redis that has forgotten the demo gets one under names that Postgres does not have', async () => {
  await stores.redis.flushall();
  expect((await fill(stores)).fresh).toBe(true);
  expect(await stores.redis.hkeys('aidb:model:name_to_id')).toEqual(['ResNet50-Redis 2', 'BERT-Redis 2']);
});
