import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aliasDatabase } from '../../support/alias-database';
import { runCli } from '../../support/run-cli';
import { testRedis, type TestRedis } from '../../support/stores';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
const path = join(folder, 'sports_data.db');
let redis: TestRedis;

const tables = {
  teams: ['sport', 'league'],
  players: ['sport', 'team'],
  leagues: ['sport', 'country'],
  markets: ['sport'],
};

beforeAll(async () => {
  redis = await testRedis();
  const db = aliasDatabase(path);
  for (const [table, columns] of Object.entries(tables)) {
    const more = columns.map((column) => `, ${column} TEXT`).join('');
    db.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT, normalized_name TEXT${more})`);
  }
  db.exec(
    "INSERT INTO teams VALUES (1, 'Réal', 'real', 'football', 'la liga'), (2, 'Ajax', 'ajax', 'football', NULL)",
  );
  db.exec("INSERT INTO markets VALUES (7, 'Winner', 'winner', 'football')");
  db.exec("INSERT INTO team_aliases VALUES (1, 'real madrid')");
  db.close();
});

const millrace = (...args: readonly string[]) =>
  runCli(args, { REDIS_URL: redis.url, DB_PATH: path }, folder);
const pythons =
  '{"id": 1, "name": "R\\u00e9al", "normalized_name": "real", "sport": "football", "league": "la liga"}';

test('the keys of the service that is replaced are taken over when their document is named, and not before', async () => {
  // What Python's json.dumps writes; a key whose row is gone; one that is equal already.
  await redis.client.mset('entity:team:1', pythons, 'entity:team:99', '{"id": 99}');
  await redis.client.set(
    'entity:market:7',
    '{"id":7,"name":"Winner","normalized_name":"winner","sport":"football"}',
  );
  await redis.client.set('alias:team:real madrid', '["1"]');
  expect(await millrace('config', 'init')).toMatchObject({
    code: 0,
    output: expect.stringContaining('sports-entities: leagues, markets, players, teams') as unknown,
  });
  const plan = await millrace('config', 'plan');
  expect([plan.code, plan.output]).toEqual([3, expect.stringContaining('config apply --yes entity-team')]);

  expect(await millrace('config', 'apply')).toMatchObject({ code: 1 });
  expect(await redis.client.mget('entity:team:1', 'entity:team:2', 'entity:team:99')).toEqual([
    pythons,
    null,
    '{"id": 99}',
  ]);

  expect(await millrace('config', 'apply', '--yes', 'entity-team')).toMatchObject({ code: 0 });
  expect(await redis.client.mget('entity:team:1', 'entity:team:2', 'entity:team:99')).toEqual([
    '{"id":1,"name":"Réal","normalized_name":"real","sport":"football","league":"la liga"}',
    '{"id":2,"name":"Ajax","normalized_name":"ajax","sport":"football","league":null}',
    null,
  ]);
  expect(await millrace('config', 'plan')).toMatchObject({ code: 0 });
});

test('what the service had not can be included without asking anybody', async () => {
  await redis.client.flushall();
  writeFileSync(join(folder, 'millrace.yaml'), 'version: 1\ninclude: [sports-aliases, sports-entities]\n');
  expect(await millrace('config', 'apply')).toMatchObject({ code: 0 });
  expect(
    await redis.client.exists('entity:team:1', 'entity:team:2', 'entity:market:7', 'alias:team:real madrid'),
  ).toBe(4);
});
