import Redis from 'ioredis';
import { readAsset } from '../../src/foundation/package-root';
import { ensureLibrary } from '../../src/writer/library';
import { dumpKeyspace } from '../support/keyspace';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
  await ensureLibrary(redis.client);
});
beforeEach(() => redis.client.flushdb());

const stream = 'millrace:changes';
type Text = string | Buffer;
const call = (name: string, keys: readonly Text[], ...args: readonly Text[]): Promise<unknown> =>
  redis.client.fcall(`millrace_${name}`, keys.length, ...keys, ...args);

/** The pairs of all entries, in order, one an entry's line. */
async function told(): Promise<string[]> {
  const entries = await redis.client.xrangeBuffer(stream, '-', '+');
  return entries.map(([, pairs]) => pairs.map((part) => part.toString('latin1')).join(' '));
}

test('millrace_hset writes a hash as HSET does, and tells of its key', async () => {
  expect(await call('hset', ['user:7'], 'email', 'a@b', 'age', '5')).toBe(2);
  expect(await call('hset', ['user:7'], 'age', '6', 'name', 'A', 'name', 'B')).toBe(1);
  expect(await redis.client.hgetall('user:7')).toEqual({ email: 'a@b', age: '6', name: 'B' });
  expect(await told()).toEqual([':key user:7', ':key user:7']);
});

test('a hash of very many fields is written in one step', async () => {
  const pairs = Array.from({ length: 30_000 }, (_, index) => [`f${index}`, `${index}`]).flat();
  expect(await call('hset', ['big'], ...pairs)).toBe(30_000);
  expect(await redis.client.hlen('big')).toBe(30_000);
  expect(await told()).toEqual([':key big']);
});

test('millrace_set writes a text as SET does, over whatever was there', async () => {
  await redis.client.hset('profile:1', 'a', 'b');
  expect(await call('set', ['profile:1'], '{"name": "A"}')).toBe('OK');
  await redis.client.expire('profile:1', 100);
  expect(await call('set', ['profile:1'], '')).toBe('OK');
  expect([await redis.client.get('profile:1'), await redis.client.ttl('profile:1')]).toEqual(['', -1]);
  expect(await told()).toEqual([':key profile:1', ':key profile:1']);
});

test('millrace_del deletes what is there, and tells of nothing else', async () => {
  await redis.client.mset('a:1', 'x', 'a:2', 'x');
  await redis.client.rpush('list', 'x');
  expect(await call('del', ['a:1', 'a:0', 'list', 'a:1'])).toBe(2);
  expect(await call('del', ['a:1', 'a:0', 'list', 'a:1'])).toBe(0);
  expect(await told()).toEqual([':key- a:1 :key- list']);
  expect(await redis.client.keys('*')).toEqual(expect.arrayContaining([stream, 'a:2']));
});

test('ten thousand keys are deleted in one step, told in entries of no more than a hundred', async () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `a:${index}`);
  await redis.client.mset(...keys.flatMap((key) => [key, 'x']));
  expect(await call('del', keys)).toBe(10_000);
  const lines = await told();
  expect(lines).toHaveLength(100);
  expect(lines.flatMap((line) => line.split(' ').filter((word) => word !== ':key-'))).toEqual(keys);
  expect(await redis.client.dbsize()).toBe(1);
});

test('millrace_write does what the command does, and tells what was taken away, and when nothing is left', async () => {
  expect(await call('write', ['tags'], 'sadd', 'a', 'b', 'c')).toBe(3);
  expect(await call('write', ['tags'], 'SREM', 'a')).toBe(1);
  expect(await call('write', ['tags'], 'SREM', 'a')).toBe(0);
  expect(await call('write', ['tags'], 'SPOP', '5')).toHaveLength(2);
  expect(await call('write', ['tags'], 'SREM', 'a')).toBe(0);
  expect(await call('write', ['lock'], 'SET', 'x', 'EX', '100')).toBe('OK');
  expect(await redis.client.ttl('lock')).toBeGreaterThan(90);
  await call('write', ['list'], 'RPUSH', 'a', 'b');
  expect(await call('write', ['list'], 'LTRIM', '0', '0')).toBe('OK');
  expect(await call('write', ['list'], 'LPOP')).toBe('a');
  expect(await call('write', ['hash'], 'HINCRBY', 'n', '5')).toBe(5);
  expect(await call('write', ['hash'], 'HDEL', 'n')).toBe(1);
  expect(await told()).toEqual([
    ...[':key tags', ':key tags', ':part- tags', ':key tags', ':key tags', ':key- tags', ':key tags'],
    ...[':key lock', ':key list', ':key list', ':part- list', ':key list', ':key- list'],
    ...[':key hash', ':key hash', ':key- hash'],
  ]);
});

test('a command that Redis refuses writes nothing, and its entry only has the key looked at', async () => {
  await redis.client.set('text', 'x');
  await expect(call('write', ['text'], 'SADD', 'a')).rejects.toThrow('WRONGTYPE');
  await expect(call('write', ['text'], 'HSET', 'a')).rejects.toThrow('rong number of arg');
  expect(await redis.client.get('text')).toBe('x');
  expect(await told()).toEqual([':key text', ':key text']);
});

test('the stream may stand before the keys, as it does for the other functions', async () => {
  await call('hset', [stream, 'user:7'], 'a', '1');
  await call('set', [stream, 'p:1'], '1');
  await call('del', [stream, 'p:1', 'user:7']);
  expect(await told()).toEqual([':key user:7', ':key p:1', ':key- p:1 :key- user:7']);
});

test('keys and values may be any bytes', async () => {
  const key = Buffer.concat([Buffer.from('user:'), Buffer.from([0, 10, 32, 255])]);
  await call('hset', [key], 'f', Buffer.from([255, 0]));
  expect(await told()).toEqual([`:key ${key.toString('latin1')}`]);
  expect(await redis.client.hgetBuffer(key, 'f')).toEqual(Buffer.from([255, 0]));
});

const long = 'u'.repeat(16_385);

test.each<[string, readonly string[], readonly string[], string]>([
  ['hset', [], ['a', '1'], 'MILLRACE no key is given: FCALL millrace_hset 1 key field value'],
  ['hset', [stream], ['a', '1'], 'MILLRACE no key is given'],
  ['hset', ['u:1', 'u:2'], ['a', '1'], 'MILLRACE one key is written, not 2: FCALL millrace_hset 1 key'],
  ['hset', ['u:1'], [], 'MILLRACE nothing to write: FCALL millrace_hset 1 key field value'],
  ['hset', ['u:1'], ['a', '1', 'b'], 'MILLRACE "b" has no value: fields and values come in pairs'],
  ['hset', ['text'], ['a', '1'], 'WRONGTYPE "text" does not hold a hash'],
  ['hset', ['millrace:checkpoint'], ['a', '1'], 'MILLRACE "millrace:checkpoint" is a key of Millrace itself'],
  ['hset', ['long'], ['a', '1'], 'has 16385 bytes: no record has one of more than 16384'],
  ['set', [], ['1'], 'MILLRACE no key is given: FCALL millrace_set 1 key value'],
  ['set', ['u:1'], [], 'MILLRACE the arguments must be one value, not 0'],
  ['set', ['u:1'], ['1', 'EX', '5'], 'MILLRACE the arguments must be one value, not 3'],
  ['set', [stream, stream], ['1'], 'is a key of Millrace itself'],
  ['write', [], ['SADD', 'a'], 'MILLRACE no key is given: FCALL millrace_write 1 key COMMAND'],
  ['write', ['u:1'], [], 'MILLRACE "" is none of the commands'],
  ['write', ['text'], ['RENAME', 'other'], 'MILLRACE "RENAME" is none of the commands that write one key'],
  ['write', ['text'], ['DEL'], 'MILLRACE "DEL" is none of the commands'],
  ['write', [stream], ['XADD', '*', 'a', 'b'], 'MILLRACE no key is given'],
  ['write', ['u:1'], ['SADD', ...Array<string>(2_000).fill('x')], 'SADD has 2001 arguments, more than 2000'],
  ['del', [], [], 'MILLRACE no key is given: FCALL millrace_del N key [key ...]'],
  ['del', [stream], [], 'MILLRACE no key is given'],
  ['del', ['text', stream], [], 'is a key of Millrace itself'],
  ['del', ['text'], ['other'], 'MILLRACE "other" is no key: N says how many keys follow'],
])('%s of %j with %j is refused before the first write', async (name, keys, args, message) => {
  await redis.client.set('text', 'x');
  const before = await dumpKeyspace(redis.client);
  const named = keys.map((key) => (key === 'long' ? long : key));
  await expect(call(name, named, ...args)).rejects.toThrow(message);
  expect(await dumpKeyspace(redis.client)).toEqual(before);
});

test('nothing is written where the stream cannot be: another type is under its key', async () => {
  await redis.client.mset(stream, 'x', 'text', 'x');
  const before = await dumpKeyspace(redis.client);
  for (const refused of [call('hset', ['u:1'], 'a', '1'), call('set', ['u:1'], '1'), call('del', ['text'])])
    await expect(refused).rejects.toThrow('WRONGTYPE');
  expect(await dumpKeyspace(redis.client)).toEqual(before);
});

test('a full Redis takes deletions, and nothing of a write', async () => {
  await redis.client.set('a', 'x'.repeat(10_000));
  await redis.client.config('SET', 'maxmemory', '1');
  try {
    await expect(call('hset', ['u:1'], 'a', '1')).rejects.toThrow('OOM');
    await expect(call('set', ['u:1'], 'a')).rejects.toThrow('OOM');
    expect(await redis.client.exists('u:1', stream)).toBe(0);
    expect(await call('del', ['a'])).toBe(1);
  } finally {
    await redis.client.config('SET', 'maxmemory', '0');
  }
});

test('an ACL user needs the rights that docs/04-writing.md adds, and no others', async () => {
  const rules = /`(~user:\* .*?\))`/.exec(readAsset('docs/04-writing.md'))?.[1] ?? '';
  await redis.client.call('ACL', 'SETUSER', 'own', 'reset', 'on', '>secret', '+info', ...rules.split(' '));
  const client = new Redis(redis.url, { username: 'own', password: 'secret' });
  try {
    expect(await client.fcall('millrace_hset', 1, 'user:1', 'a', '1')).toBe(1);
    expect(await client.fcall('millrace_set', 1, 'user:2', '{}')).toBe('OK');
    expect(await client.fcall('millrace_write', 1, 'user:1', 'HSET', 'a', '2')).toBe(0);
    expect(await client.fcall('millrace_del', 2, 'user:1', 'user:2')).toBe(2);
    await expect(client.fcall('millrace_set', 1, 'other:1', '{}')).rejects.toThrow('NOPERM');
    await expect(client.del(stream)).rejects.toThrow('NOPERM');
    expect(await told()).toHaveLength(4);
  } finally {
    client.disconnect();
  }
});
