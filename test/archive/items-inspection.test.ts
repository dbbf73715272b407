import { ensureLibrary } from '../../src/writer/library';
import { requirePostgres } from '../../src/config/load';
import { archiveDryRun } from '../../src/archive/pass/dry-run';
import type { ArchiveDifference } from '../../src/archive/pass/explain';
import { planRecords } from '../../src/archive/inspect/plan-records';
import { missingRights } from '../../src/archive/inspect/redis-rights';
import { traceRecord } from '../../src/archive/inspect/trace';
import { daemonGrants } from '../../src/connections/redis-grants';
import { useArchive } from './support/archive';
import { itemCatalogue } from './support/items';
import { ownArchive } from './support/own-records';
import { warmed } from './support/warm';

const archive = useArchive();
const own = ownArchive(archive, itemCatalogue);
const differences = async () => {
  const config = own.config();
  const told: ArchiveDifference[] = [];
  await archiveDryRun(config, requirePostgres(config), (one) => told.push(one), 100);
  return told;
};
const trace = (kind: string, id: string) => {
  const config = own.config();
  return traceRecord(config, requirePostgres(config), kind, Buffer.from(id));
};

test('a dry run names each that differs, with its key and by what it is told, and trace counts the rows of a key', async () => {
  const { client } = archive.redis;
  await client.sadd('tags:a', 'x', 'y');
  await client.hset('user:1', { name: 'Ann' });
  await client.hset('settings:1', { theme: 'dark', size: '1' });
  await client.set('title:1', 'One');
  await client.zadd('scores', '1', '7', '1', 'seven');
  const daemon = await own.start();
  await daemon.stop();
  await client.sadd('tags:a', 'z');
  await client.hset('settings:1', { theme: 'light' });
  await client.zincrby('scores', 1, '7');
  await client.set('title:1', 'Uno');
  expect(await differences()).toMatchObject(
    [
      { kind: 'point', key: 'scores', record: 'seven', change: 'unfit' },
      {
        kind: 'point',
        key: 'scores',
        record: '7',
        change: 'different',
        columns: [{ column: 'points', redis: '2', postgres: '1' }],
      },
      {
        kind: 'setting',
        key: 'settings:1',
        record: 'theme',
        change: 'different',
        columns: [{ column: 'value' }],
      },
      { kind: 'tag', key: 'tags:a', record: 'z', change: 'missing' },
      { kind: 'title', key: 'title:1', change: 'different', columns: [{ column: 'title', redis: 'Uno' }] },
    ].sort((a, b) => order(a.kind) - order(b.kind)),
  );
  expect(await trace('tag', 'a')).toMatchObject({
    redis: { type: 'set', records: 3 },
    archive: { rows: [], counted: { table: 'tags', count: 2 }, differences: [{ change: 'missing' }] },
    verdict: { state: 'not captured' },
  });
  expect(await trace('point', '')).toMatchObject({
    key: 'scores',
    archive: { counted: { table: 'points', count: 1 }, parked: [{ column: 'player', code: 'E_ID' }] },
    verdict: { state: 'parked' },
  });
  await client.srem('tags:a', 'z');
  expect((await trace('tag', 'a')).verdict).toEqual({
    state: 'applied',
    sentence: 'Applied: it has 2 rows, and a full pass finds nothing to write.',
  });
  await client.set('title:1', 'One');
  expect((await trace('title', '1')).verdict.sentence).toBe('Applied: row 1 of titles, equal to Redis.');
}, 60_000);

const order = (kind: string): number => [...itemCatalogue.keys()].indexOf(kind);

test('the plan counts keys, and makes the tables with what tells rows apart as their key', async () => {
  const { client } = archive.redis;
  await client.sadd('tags:a', 'x', 'y');
  await client.zadd('scores', '1', '7');
  const config = own.config();
  const plan = await planRecords(config, requirePostgres(config));
  expect(plan.find(({ name }) => name === 'tag')).toMatchObject({
    state: 'new table',
    keys: 1,
    steps: [{ sql: expect.stringContaining('PRIMARY KEY ("doc", "tag")') as unknown }],
  });
  expect(plan.find(({ name }) => name === 'point')).toMatchObject({
    keys: 1,
    steps: [{ sql: expect.stringContaining('"player" bigint NOT NULL') as unknown }],
  });
}, 60_000);

test('the grants are enough, and none is tried beyond them; doctor tells of one that is missing', async () => {
  const { client, url } = archive.redis;
  await ensureLibrary(client);
  await client.config('SET', 'notify-keyspace-events', 'Kg$shzlxe');
  const rules = daemonGrants(itemCatalogue).match(/\([^)]*\)|\S+/g) ?? [];
  await client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>secret', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const named = new URL(url);
  named.username = 'daemon';
  named.password = 'secret';
  await client.sadd('tags:a', 'x');
  await client.zadd('scores', '1', '7');
  await client.rpush('order:1:lines', '{"sku":"a"}');
  await client.set('title:1', 'One');
  await client.hset('user:1', { name: 'Ann' });
  await own.start({ REDIS_URL: named.href });
  await client.hset('settings:1', { theme: 'dark' });
  await archive.becomes('SELECT user_id, name FROM settings', ['1|theme']);
  await client.lpop('order:1:lines');
  await archive.becomes('SELECT sku FROM order_lines', []);
  expect(await client.call('ACL', 'LOG')).toEqual([]);
  await client.call('ACL', 'SETUSER', 'daemon', '-smembers', '-lrange');
  const [one, two] = [0, 1].map(() => client.duplicate({ username: 'daemon', password: 'secret' }));
  if (one === undefined || two === undefined) throw new Error('no connections');
  expect(await missingRights(one, two, 0, itemCatalogue)).toEqual(['+smembers', '+lrange']);
  one.disconnect();
  two.disconnect();
}, 60_000);

test('a Redis that has lost everything gets its strings and its sets back', async () => {
  const { client } = archive.redis;
  await client.mset('title:1', 'One\n', 'count:a', '7');
  await client.sadd('tags:a', 'x');
  const daemon = await own.start();
  await archive.becomes('SELECT tag FROM tags', ['x']);
  await daemon.stop();
  await client.flushall();
  await warmed(archive, { config: own.config() });
  expect((await client.keys('*')).filter((key) => !key.startsWith('millrace:')).sort()).toEqual([
    'count:a',
    'tags:a',
    'title:1',
  ]);
  expect(await client.mget('title:1', 'count:a')).toEqual(['One\n', '7']);
  expect(await differences()).toEqual([]);
}, 60_000);
