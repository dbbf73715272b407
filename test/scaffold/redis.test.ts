import { parseRedisUrl } from '../../src/connections/redis-url';
import { daemonGrants } from '../../src/connections/redis-grants';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { lookAtRedis } from '../../src/scaffold/look-redis';
import { proposeRecords } from '../../src/scaffold/records';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(() => redis.client.flushall());

function look(wanted: readonly string[] = [], url = redis.url) {
  const target = parseRedisUrl(url);
  if (typeof target === 'string') throw new Error(target);
  return lookAtRedis(target, wanted, aiRegistry);
}

async function recordsFound(tables: readonly string[] = []) {
  const { shapes } = await look();
  return proposeRecords(shapes, { prefixes: [], names: new Set(), tables: new Set(tables) });
}

test('hashes of one shape become a record, with the types of their fields', async () => {
  for (const id of [1, 2, 3]) {
    await redis.client.hset(`user:${id}`, {
      ...{ id, email: `a${id}@example.org`, age: 30 + id, score: 1.5, active: 'true' },
      ...{ prefs: '{"dark":true}', seenAt: '2026-01-05T14:30:00Z', large: 'x'.repeat(5_000) },
    });
  }
  await redis.client.hset('user:4', { email: 'd@example.org', age: '' });
  const { records } = await recordsFound();
  expect(records).toMatchObject([
    {
      name: 'user',
      key: 'user:{id:int}',
      table: 'users',
      columns: [
        { column: 'active', field: 'active', type: 'bool' },
        { column: 'age', field: 'age', type: 'int', maybeEmpty: true },
        { column: 'email', field: 'email', type: 'text' },
        { column: 'large', field: 'large', type: 'text' },
        { column: 'prefs', field: 'prefs', type: 'json' },
        { column: 'score', field: 'score', type: 'float' },
        { column: 'seen_at', field: 'seenAt', type: 'time' },
      ],
    },
  ]);
});

test('what is no record is named with the reason', async () => {
  await redis.client.mset('page:1', 'x', 'page:2', 'y');
  await redis.client.zadd('scores:chess', 1, 'ada');
  await redis.client.zadd('scores:go', 1, 'bob');
  for (const id of [1, 2, 3, 4]) await redis.client.hset(`cart:${id}`, `sku-${id}`, 1, `sku-${id}-b`, 2);
  for (const id of [1, 2]) await redis.client.hset(`user:${id}:mail`, 'address', 'x');
  for (const id of [1, 2, 3]) await redis.client.hset(`user:${id}`, 'name', 'x');
  const { records, leftOut } = await recordsFound();
  expect(records.map(({ key }) => key)).toEqual(['user:{id:int}']);
  expect(leftOut).toEqual([
    { name: 'cart:{id}', why: 'hashes that have no fields in common' },
    { name: 'page:{id}', why: 'string: hashes alone are proposed' },
    { name: 'scores:{id}', why: 'zset: hashes alone are proposed' },
    { name: 'user:{id}:mail', why: 'user: is, or is in, the prefix user: of another mapping' },
  ]);
});

test('a table that Postgres has is not proposed for a record', async () => {
  for (const id of [1, 2]) await redis.client.hset(`user:${id}`, 'name', 'x');
  const { records } = await recordsFound(['users']);
  expect(records).toMatchObject([
    { table: 'redis_users', remarks: ['a table users is there already, or in this file'] },
  ]);
});

test('keys of the built-in mappings and of Millrace are no shapes; those of the registry are noticed', async () => {
  await redis.client.set('alias:team:x', '["1"]');
  await redis.client.set('millrace:aliases:checkpoint', '{}');
  expect(await look()).toMatchObject({ shapes: [], registry: false, whole: true });
  await redis.client.hset('aidb:model:1', 'name', 'x');
  expect(await look()).toMatchObject({ shapes: [], registry: true });
});

test('keys of documents that Millrace keeps are no shapes, and it is known whose they are', async () => {
  const mappings = { product: { hash: 'x', prefix: 'product:', holds: 'hash' } };
  const checkpoint = { incarnation: 'a', position: null, stamp: 's', mappings, at: 1, by: 'test:1' };
  await redis.client.set('millrace:aliases:checkpoint', JSON.stringify(checkpoint));
  for (const id of [1, 2]) await redis.client.hset(`product:${id}`, 'name', 'x');
  const { shapes, ours } = await look();
  expect(shapes).toEqual([]);
  expect([...ours]).toEqual([['product:', { name: 'product', holds: 'hash' }]]);
});

test('of a large Redis ten thousand keys are looked at, and keys that are asked for are found all the same', async () => {
  const fill = redis.client.pipeline();
  for (let n = 0; n < 30_000; n++) fill.set(`filler:${n}`, '1');
  fill.set('customer:7', 'x').set('aidb:counter:model', '1');
  await fill.exec();
  const found = await look(['customer:7', 'customer:8']);
  expect(found.keys).toHaveLength(10_000);
  expect(found).toMatchObject({ whole: false, registry: true, met: new Set(['customer:7']) });
});

test('a hash with very many fields, or a very large value, is not fetched', async () => {
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_none, n) => [`f${n}`, 'v']));
  await redis.client.hset('big:1', many);
  await redis.client.hset('big:2', { name: 'x', blob: 'y'.repeat(1_000_000) });
  await redis.client.hset('big:3', { name: 'z', blob: 'y'.repeat(1_000_000) });
  await redis.client.config('RESETSTAT');
  const { records } = await recordsFound();
  expect(records).toMatchObject([{ columns: [{ field: 'blob', type: 'text' }, { field: 'name' }] }]);
  const sent = /total_net_output_bytes:(\d+)/.exec(await redis.client.info('stats'))?.[1];
  expect(Number(sent)).toBeLessThan(100_000);
});

test('with the rights of the daemon, which may not read the keys of others, it is known that they are there', async () => {
  await redis.client.call(
    'ACL',
    'SETUSER',
    'limited',
    'on',
    '>pass',
    ...daemonGrants(aiRegistry).split(/ (?![^(]*[)])/),
  );
  for (const id of [1, 2]) await redis.client.hset(`user:${id}`, 'name', 'x');
  await redis.client.hset('aidb:model:1', 'name', 'x');
  const url = new URL(redis.url);
  [url.username, url.password] = ['limited', 'pass'];
  const { keys, registry, shapes } = await look(['user:1'], url.href);
  expect(keys.map(({ key }) => key)).toEqual(['aidb:model:1', 'user:1', 'user:2']);
  expect(registry).toBe(true);
  const { leftOut } = proposeRecords(shapes, { prefixes: [], names: new Set(), tables: new Set() });
  expect(leftOut).toEqual([{ name: 'user:{id}', why: 'our user may not read them' }]);
});
