import { parseRedisUrl } from '../../../src/connections/redis-url';
import { daemonGrants } from '../../../src/connections/redis-grants';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { lookAtRedis } from '../../../src/scaffold/redis/look-redis';
import { proposeRecords, type Taken } from '../../../src/scaffold/records';
import { testRedis, type TestRedis } from '../../support/stores';

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

const nobody = (tables: readonly string[] = []): Taken => ({
  ...{ keys: [], names: new Set(), tables: new Set(tables) },
});

async function recordsFound(tables: readonly string[] = []) {
  const { shapes, maxRecordBytes } = await look();
  return proposeRecords(shapes, nobody(tables), maxRecordBytes);
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

test('keys of each type become records, with what they hold', async () => {
  const { client } = redis;
  await client.mset('views:a', '17', 'views:b', '4', 'profile:1', '{"name":"Ada","born":null}');
  await client.set('profile:2', '{"name":"Bob","born":1970,"langs":["c"]}');
  for (const id of [1, 2, 3, 4]) await client.hset(`cart:${id}`, `sku-${id}`, 1, `sku-${id}-b`, 2);
  await client.hset('settings', { theme: 'dark' });
  for (const id of [1, 2]) await client.sadd(`tags:${id}`, 'redis', 'sql');
  await client.zadd('scores', 1.5, '17', 2, '18');
  for (const id of [7, 8]) await client.rpush(`order:${id}:lines`, '{"sku":"x","amount":1}');
  await client.rpush('log', 'a line', '');
  for (const kind of ['paid', 'sent'])
    await client.xadd('events', '*', 'kind', kind, 'amount', '1.5', '$x', '');
  const { records, leftOut } = await recordsFound();
  const said = records.map(({ key, table, holds, columns }) => [
    ...[key, table, holds],
    columns.map(({ column, field, type }) => `${column} ${field} ${type}`).join(', '),
  ]);
  expect(Object.fromEntries(said.map(([key, ...rest]) => [key, rest]))).toEqual({
    'cart:{id:int}': ['carts', 'field', 'field $field text, value $value int'],
    events: ['events', 'entry', 'entry $id text, amount amount float, kind kind text'],
    log: ['log', 'element', 'place $index int, value $value text'],
    'order:{id:int}:lines': ['order_lines', 'element', 'place $index int, amount amount int, sku sku text'],
    'profile:{id:int}': ['profiles', 'json', 'born born int, langs langs json, name name text'],
    scores: ['scores', 'member', 'member $member int, score $score float'],
    settings: ['settings', 'field', 'field $field text, value $value text'],
    'tags:{id:int}': ['tags', 'member', 'member $member text'],
    'views:{id}': ['views', 'string', 'value value int'],
  });
  expect(leftOut).toEqual([]);
  const event = records.find(({ key }) => key === 'events');
  expect(event?.remarks).toEqual(['without the field $x, for words with $ are those of the file']);
});

test('a field that says what the key says is no column; one that says something else is', async () => {
  for (const id of [1, 2]) await redis.client.hset(`user:${id}`, { id, name: 'x' });
  for (const slug of ['home', 'about']) await redis.client.set(`page:${slug}`, '{"id":7,"title":"x"}');
  const { records } = await recordsFound();
  expect(records.map(({ key, columns }) => [key, ...columns.map(({ column }) => column)])).toEqual([
    ['page:{id}', 'id_2', 'title'],
    ['user:{id:int}', 'name'],
  ]);
});

test('what is no record is named with the reason', async () => {
  const { client } = redis;
  for (const id of [1, 2, 3]) await client.hset(`user:${id}`, 'name', 'x');
  for (const id of [1, 2]) await client.hset(`user:${id}:mail`, 'address', 'x');
  await client.hset('user:new:mail:1', 'address', 'x');
  await client.set('user:9', 'x');
  await client.pfadd('visitors:1', 'a');
  await client.setbit('online:1', 5, 1);
  await client.mset('lonely', '1', 'version', '2');
  await client.set('code:1', '1', 'EX', 60);
  await client.set('sess:1', '{"user":1}', 'EX', 60);
  await client.set('lock:order:1', 'x');
  await client.rpush('queue:mails', '{}');
  await client.hset('bull:mails:1', { name: 'send' });
  await client.hset('acme:mails:meta', { version: '5' });
  await client.mset('acme:mails:id', '5', 'a b:1', '1', '{x}:1', '1', 'user:1:{x}', '1');
  const { records, leftOut } = await recordsFound();
  expect(records.map(({ key, table }) => [key, table])).toEqual([
    ['user:{id:int}', 'users'],
    ['user:{id:int}:mail', 'user_mails'],
  ]);
  expect(Object.fromEntries(leftOut.map(({ name, why }) => [name, why]))).toEqual({
    'user:new:mail:{id}': 'they begin like user:{id}, of which there are more',
    'user:{id}': 'string, and others of these are hash: a record is of one type, and these are parked',
    'visitors:{id}': 'HyperLogLogs, which count and hold no records',
    'online:{id}': expect.stringContaining('no text: bitmaps') as unknown,
    'lonely, version': 'strings whose keys are like no other',
    'code:{id}': 'they expire, within 60 seconds: counters, limits or a cache',
    'sess:{id}': 'sessions that expire, whose keys are secrets',
    'lock:order:{id}': 'locks, by their name',
    'queue:mails': 'a queue, by its name: what waits in it moves up with each that leaves',
    'bull:mails:{id}': 'keys of Bull',
    'acme:mails:id, acme:mails:meta': 'keys of BullMQ',
    'a b:{id}, user:{id}:{x}, {x}:{id}': 'its keys cannot be written as a template',
  });
});

test('keys whose names are no text are counted', async () => {
  await redis.client.set(Buffer.from([0x61, 0x3a, 0xff]), '1');
  expect(await look()).toMatchObject({ keys: [], shapes: [], unnamed: 1 });
});

test('what expires and is a record is proposed, with the remark that its row stays', async () => {
  await redis.client.set('offer:1', '{"price":1}', 'EX', 7_000);
  const { records } = await recordsFound();
  expect(records[0]?.remarks).toEqual(['they expire, within 2 hours: their rows stay']);
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

test('of very many keys that begin alike a thousand are looked at, and keys that are asked for are found all the same', async () => {
  const fill = redis.client.pipeline();
  for (let n = 0; n < 30_000; n++) fill.set(`filler:${n}`, '1');
  fill.set('customer:7', 'x').set('aidb:counter:model', '1');
  await fill.exec();
  const found = await look(['customer:7', 'customer:8']);
  expect(found.keys.filter(({ key }) => key.startsWith('filler:'))).toHaveLength(1_000);
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

test('a stream beside very many keys of another name is met', async () => {
  const fill = redis.client.pipeline();
  for (let n = 0; n < 30_000; n++) fill.set(`filler:${n}`, '1');
  fill.xadd('events', '*', 'a', '1');
  await fill.exec();
  expect((await look()).shapes.map(({ shape }) => shape.type)).toEqual(['string', 'stream']);
});

test('of keys with very many things, or very large ones, little is read, and the size of the Redis does not matter', async () => {
  const { client } = redis;
  await client.eval(
    `for n = 1, 300000 do
      redis.call('SADD', 'many:set', 'member-' .. n)
      redis.call('ZADD', 'many:zset', n, 'member-' .. n)
      redis.call('RPUSH', 'many:list', 'member-' .. n)
      redis.call('HSET', 'many:hash', 'member-' .. n, '1')
    end`,
    0,
  );
  const large = 'x'.repeat(2_000_000);
  await client.sadd('large:set', large, 'a');
  await client.rpush('large:list', large);
  await client.set('large:1', large);
  await client.xadd('large:stream', '*', 'body', large);
  await client.config('RESETSTAT');
  const { shapes, maxRecordBytes } = await look();
  const sent = /total_net_output_bytes:(\d+)/.exec(await client.info('stats'))?.[1];
  expect(Number(sent)).toBeLessThan(50_000);
  expect((await client.info('commandstats')).match(/cmdstat_(?:keys|smembers|hgetall|hkeys)\b/g)).toBeNull();
  const { records, leftOut } = proposeRecords(shapes, nobody(), maxRecordBytes);
  expect(records.map(({ key }) => key)).toEqual(['many:hash', 'many:list', 'many:set', 'many:zset']);
  expect(records[2]?.remarks).toEqual([
    expect.stringMatching(/^up to \d+ MB a key, which is read whole at each change$/),
  ]);
  expect(leftOut.map(({ why }) => why)).toEqual(['too large to look into, or gone']);
  const small = proposeRecords(shapes, nobody(), 1024 ** 2);
  expect(small.leftOut).toContainEqual({
    name: 'many:set',
    why: expect.stringMatching(/^\d+ MB in one key: more than MAX_RECORD_SIZE is parked$/) as unknown,
  });
}, 60_000);

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
  const { leftOut } = proposeRecords(shapes, nobody(), 1);
  expect(leftOut).toEqual([{ name: 'user:{id}', why: 'our user may not read them' }]);
});
