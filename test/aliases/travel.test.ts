import { join } from 'node:path';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { writeElsewhere } from '../support/writer';

const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(() => redis.client.flushall());

const environment = (path: string) => ({ REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600' });

test('the documents’ tests 1 to 3: an insert, an update and a delete of rmcf by another process reach Redis', async () => {
  const path = join(folder, 'documents.db');
  aliasDatabase(path).close();
  const { running } = await startDaemon(environment(path));
  const becomes = (value: string | null) =>
    eventually(async () => expect(await redis.client.get('alias:team:rmcf')).toBe(value), {
      alive: running,
      within: 1_000,
    });

  writeElsewhere(path, "INSERT INTO team_aliases (team_id, alias) VALUES (1, 'rmcf')");
  await becomes('["1"]');
  writeElsewhere(path, "UPDATE team_aliases SET team_id = 2 WHERE alias = 'rmcf'");
  await becomes('["2"]');
  writeElsewhere(path, "DELETE FROM team_aliases WHERE alias = 'rmcf'");
  await becomes(null);
});

test('all four tables travel, and several ids of one alias share its key in a fixed order', async () => {
  const path = join(folder, 'four.db');
  aliasDatabase(path).close();
  const { running } = await startDaemon(environment(path));
  writeElsewhere(
    path,
    "INSERT INTO team_aliases VALUES (8, 'madrid'), (10, 'madrid'), (1, 'madrid'), ('b-uuid', 'madrid'), (8, 'madrid')",
    "INSERT INTO player_aliases VALUES (7, 'رونالدو')",
    "INSERT INTO league_aliases VALUES (1, 'la liga')",
    "INSERT INTO market_aliases VALUES (3, '1x2')",
  );
  const keys = ['alias:team:madrid', 'alias:player:رونالدو', 'alias:league:la liga', 'alias:market:1x2'];
  await eventually(
    async () =>
      expect(await redis.client.mget(keys)).toEqual(['["1","8","10","b-uuid"]', '["7"]', '["1"]', '["3"]']),
    { alive: running },
  );
});

test('with ALIAS_CASE=lower aliases that fold to one key share it, folded as SQLite folds', async () => {
  const path = join(folder, 'lower.db');
  const db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'ÉCOLE Lyon')");
  const { running } = await startDaemon({ ...environment(path), ALIAS_CASE: 'lower' });
  const becomes = (value: string) =>
    eventually(
      async () => {
        expect(await redis.client.keys('alias:*')).toEqual(['alias:team:École lyon']);
        expect(await redis.client.get('alias:team:École lyon')).toBe(value);
      },
      { alive: running },
    );
  await becomes('["1"]');
  db.exec("INSERT INTO team_aliases VALUES (2, 'École LYON')");
  await becomes('["1","2"]');
  db.exec("DELETE FROM team_aliases WHERE alias = 'ÉCOLE Lyon'");
  await becomes('["2"]');
  db.close();
});

test('what is not ours stays as it is: other keys, other types, their times to live', async () => {
  const path = join(folder, 'foreign.db');
  const db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'a')");
  const foreign = {
    'cache:team_player:1': 'x',
    'alias:custom:a': '["9"]',
    'alias:teams:a': 'not ours',
    'alias:team': 'no type',
    'entity:team:1': '{}',
    'aidb:counter:model': '5',
  };
  await redis.client.mset(foreign);
  await redis.client.pexpireat('cache:team_player:1', 9_999_999_999_999);
  await startDaemon(environment(path));
  db.exec('DELETE FROM team_aliases');
  await eventually(async () => expect(await redis.client.exists('alias:team:a')).toBe(0));
  expect(await redis.client.mget(Object.keys(foreign))).toEqual(Object.values(foreign));
  expect(await redis.client.call('PEXPIRETIME', 'cache:team_player:1')).toBe(9_999_999_999_999);
  const keys = [...Object.keys(foreign), 'millrace:aliases:checkpoint'];
  expect((await redis.client.keys('*')).sort()).toEqual(keys.sort());
  db.close();
});

test('keys of ours with a wrong type or garbage in them are repaired by the pass', async () => {
  const path = join(folder, 'garbage.db');
  const db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'list'), (2, 'text'), (3, 'fine')");
  await redis.client.rpush('alias:team:list', 'x');
  await redis.client.hset('alias:team:stale', 'x', 'y');
  await redis.client.set('alias:team:text', 'garbage');
  await redis.client.set('alias:team:fine', '["3"]');
  await redis.client.set(Buffer.from([...Buffer.from('alias:team:'), 0xff, 0xfe]), 'no text');
  await redis.client.rpush('millrace:aliases:checkpoint', 'not a checkpoint');
  await startDaemon(environment(path));
  const keys = ['alias:team:fine', 'alias:team:list', 'alias:team:text'];
  expect((await redis.client.keys('alias:*')).sort()).toEqual(keys);
  expect(await redis.client.mget(keys)).toEqual(['["3"]', '["1"]', '["2"]']);
  db.close();
});
