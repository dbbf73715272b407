import { join } from 'node:path';
import type Database from 'better-sqlite3';
import fc from 'fast-check';
import { dryRunPass } from '../../../src/aliases/pass/dry-run-pass';
import { examine } from '../../../src/aliases/inspect/examine';
import { foldAlias } from '../../../src/mapping/alias-tables';
import { loadConfig } from '../../../src/config/load';
import { aliasesOnce } from '../../../src/aliases/once';
import { keepLog, startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { actualKeys } from '../../support/model';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';

/** A Redis that another program has filled: sync_redis.py folds the aliases with LOWER, others keep them as they are written. */
const folder = temporaryFolder();
let redis: TestRedis;
let path: string;
let db: Database.Database;
let files = 0;
beforeAll(async () => {
  redis = await testRedis();
});

type Case = 'preserve' | 'lower';
const cases: readonly Case[] = ['preserve', 'lower'];
const other = (one: Case): Case => (one === 'lower' ? 'preserve' : 'lower');
const config = (aliasCase: Case) =>
  loadConfig({ REDIS_URL: redis.url, DB_PATH: path, ALIAS_CASE: aliasCase, MILLRACE_ONLY: 'aliases' });
const pass = (aliasCase: Case, force = false) =>
  aliasesOnce(config(aliasCase), keepLog(), { force, progress: false });

/** A new file with one row an alias, and a Redis filled from it as another program would. */
async function begin(aliases: readonly string[], filled: Case | 'not'): Promise<void> {
  await redis.client.flushall();
  path = join(folder, `case-${String(++files)}.db`);
  db = aliasDatabase(path);
  const insert = db.prepare('INSERT INTO team_aliases VALUES (?, ?)');
  db.transaction(() => {
    aliases.forEach((alias, id) => insert.run(String(id), alias));
  })();
  db.exec("INSERT INTO player_aliases VALUES (1, 'lower only')");
  if (filled === 'not') return;
  const ids = new Map<string, string[]>();
  aliases.forEach((alias, id) => {
    const key = `alias:team:${filled === 'lower' ? foldAlias(alias) : alias}`;
    ids.set(key, [...(ids.get(key) ?? []), String(id)]);
  });
  for (const [key, values] of ids) await redis.client.set(key, JSON.stringify(values).replaceAll(',', ', '));
}
afterEach(() => {
  db.close();
});

const mixed = (count: number): string[] => Array.from({ length: count }, (_, n) => `Team ${String(n)}`);
const plain = (count: number): string[] => Array.from({ length: count }, (_, n) => `team no ${String(n)}`);

test.each([
  [1, 0],
  [1, 400],
  [3, 2_500],
  [495, 1_900],
])(
  '%i aliases with capitals beside %i without: the wrong ALIAS_CASE stops before anything is written',
  async (some, many) => {
    for (const right of cases) {
      await begin([...mixed(some), ...plain(many)], right);
      const before = await actualKeys(redis.client);
      const refusal = {
        code: 'E_ALIAS_CASE',
        hint: expect.stringContaining(`Set ALIAS_CASE=${right}`) as string,
      };
      const wrong = other(right);
      await expect(dryRunPass(config(wrong), { force: false }, () => undefined)).rejects.toMatchObject(
        refusal,
      );
      expect((await examine(config(wrong))).filter(({ level }) => level === 'problem')).toContainEqual(
        expect.objectContaining({
          what: expect.stringContaining('ALIAS_CASE') as string,
          remedy: refusal.hint,
        }),
      );
      for (let start = 1; start <= 2; start++) {
        await expect(pass(wrong)).rejects.toMatchObject(refusal);
        expect(await actualKeys(redis.client)).toEqual(before);
      }
      expect(await pass(right)).toMatchObject({ deleted: 0 });
      expect(Object.keys(await actualKeys(redis.client)).filter((key) => !(key in before))).toEqual([
        'alias:player:lower only',
      ]);
      db.close();
    }
  },
);

test('--force goes on, and is not asked for again; a setting that is changed or lost later stops as well', async () => {
  await begin(['RMCF', 'Barça', 'city'], 'lower');
  expect(await pass('preserve', true)).toMatchObject({ deleted: 2 });
  db.exec("DELETE FROM team_aliases WHERE alias = 'city'");
  expect(await pass('preserve')).toMatchObject({ deleted: 1 });
  await expect(pass('lower')).rejects.toMatchObject({ code: 'E_ALIAS_CASE' });
  expect(Object.keys(await actualKeys(redis.client)).sort()).toEqual([
    'alias:player:lower only',
    'alias:team:Barça',
    'alias:team:RMCF',
  ]);
});

test('what looks like another ALIAS_CASE in a Redis of ours is what it is: spellings that were changed meanwhile', async () => {
  await begin([...plain(50), 'RMCF'], 'not');
  await pass('preserve');
  db.exec('UPDATE team_aliases SET alias = upper(alias)');
  expect(await pass('preserve')).toMatchObject({ added: 50, deleted: 50 });
});

test('a table that comes later is looked into like the first', async () => {
  await begin([], 'not');
  db.exec('DROP TABLE player_aliases');
  await redis.client.mset({ 'alias:player:ronaldo': '["1"]' });
  await pass('preserve');
  db.exec("CREATE TABLE player_aliases (player_id, alias); INSERT INTO player_aliases VALUES (1, 'Ronaldo')");
  await expect(pass('preserve')).rejects.toMatchObject({ code: 'E_ALIAS_CASE' });
  expect(await redis.client.get('alias:player:ronaldo')).toBe('["1"]');
});

test('a daemon ends with it, and its tail has not touched a key before', async () => {
  await begin(['RMCF', 'rmcf', ...mixed(2_000)], 'lower');
  const before = await actualKeys(redis.client);
  const daemon = await startDaemon(
    { REDIS_URL: redis.url, DB_PATH: path, SYNC_INTERVAL: '3600', ALIAS_CASE: 'preserve' },
    { awaitPass: false },
  );
  const ended = expect(daemon.running).rejects.toMatchObject({ code: 'E_ALIAS_CASE' });
  // As preserve has it, the key rmcf goes with this row.
  await eventually(async () => (await redis.client.exists('millrace:aliases:checkpoint')) === 1);
  db.exec("DELETE FROM team_aliases WHERE alias = 'rmcf'");
  await ended;
  expect(await actualKeys(redis.client)).toEqual(before);
});

test('whatever was deleted and added since another program filled Redis: the right setting passes, the wrong one deletes nothing that the right one keeps', async () => {
  const alias = fc.constantFrom('a', 'A', 'b', 'B', 'cd', 'Cd', 'CD', 'É x', 'é x', 'É X', 'plain', '');
  const some = fc.uniqueArray(alias, { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(some, some, fc.constantFrom(...cases), async (aliases, gone, right) => {
      await begin(aliases, right);
      const gonePlaces = gone.map(() => '?').join();
      db.prepare(`DELETE FROM team_aliases WHERE alias IN (${gonePlaces})`).run(...gone);
      db.exec("INSERT INTO team_aliases VALUES ('n', 'Newer'), ('n', 'newest')");
      const before = Object.keys(await actualKeys(redis.client));
      await pass(other(right)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'E_ALIAS_CASE' });
      });
      const after = Object.keys(await actualKeys(redis.client));
      await redis.client.del('millrace:aliases:checkpoint');
      await pass(right, true);
      const kept = Object.keys(await actualKeys(redis.client));
      expect(before.filter((key) => kept.includes(key) && !after.includes(key))).toEqual([]);

      await begin(aliases, right);
      db.prepare(`DELETE FROM team_aliases WHERE alias IN (${gonePlaces})`).run(...gone);
      await pass(right);
      db.close();
    }),
    { numRuns: 8 },
  );
}, 90_000);
