import type { Keyspace } from '../../../src/mapping/documents';
import { checkpointKey } from '../../../src/aliases/sink/checkpoint';
import { AliasSink, CheckpointMoved } from '../../../src/aliases/sink/sink';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { describeError } from '../../../src/foundation/errors';
import { cutProxy } from '../../support/cut-proxy';
import { testRedis, type TestRedis } from '../../support/stores';
import { beginCounting, rawKeys, writesCounted } from '../support/raw-keys';

/** What the sink writes, for each form of a document, with and without a lifetime. */
let redis: TestRedis;
let connection: RedisConnection;
let sink: AliasSink;

const connect = async (port = redis.server.port, user = '') => {
  const target = redisTarget({ host: '127.0.0.1', port, db: 0 });
  const made = new RedisConnection(
    user === '' ? target : { ...target, username: user, password: 'secret', grants: '+hset ~doc:*' },
    'test',
  );
  opened.push(made);
  await made.connect();
  return made;
};
const begin = async (over: RedisConnection) => {
  const begun = new AliasSink(over);
  await begun.adopt((await begun.load()).raw, null);
  return begun;
};
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  connection = await connect();
  sink = await begin(connection);
});
const opened: RedisConnection[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

interface Form {
  readonly holds: Keyspace['holds'];
  readonly first: string;
  readonly second: string;
}
const forms: readonly Form[] = [
  { holds: 'string', first: '{"id":1}', second: '{"id":1,"name":"é"}' },
  { holds: 'hash', first: '{"a":"1","b":"2","long":"x"}', second: '{"b":"3","c":"","long":"x"}' },
  { holds: 'set', first: '["1","2","ü"]', second: '["2","3"]' },
  { holds: 'zset', first: '[["a","1"],["b","0.1"]]', second: '[["b","2.5"],["c","-Infinity"]]' },
];
const kinds = forms.flatMap((form) => [undefined, 3_600].map((ttl) => ({ ...form, ttl })));

const send = (keyspace: Keyspace, values: Readonly<Record<string, string>>) =>
  sink.send([{ type: 'doc', keyspace, aliases: Object.keys(values), values: Object.values(values) }]);

/** What a key holds, as a document's value. */
async function held(key: string): Promise<string | null> {
  const { client } = redis;
  switch (await client.type(key)) {
    case 'string':
      return client.get(key);
    case 'hash': {
      const fields = await client.hgetall(key);
      return JSON.stringify(Object.fromEntries(Object.entries(fields).sort()));
    }
    case 'set':
      return JSON.stringify((await client.smembers(key)).sort());
    case 'zset': {
      const flat = await client.zrange(key, 0, -1, 'WITHSCORES');
      const pairs = flat.flatMap((member, at) => (at % 2 === 0 ? [[member, Number(flat[at + 1])]] : []));
      return JSON.stringify(pairs.sort());
    }
    default:
      return null;
  }
}
/** A value as `held` tells it: scores are numbers there. */
const told = (value: string, holds: string): string =>
  holds === 'zset'
    ? JSON.stringify((JSON.parse(value) as string[][]).map(([member, score]) => [member, Number(score)]))
    : value;
const outliving = async (key: string, ttl: number | undefined) => {
  const left = await redis.client.pttl(key);
  if (ttl === undefined) expect(left).toBe(-1);
  else expect(left > ttl * 1_000 - 60_000 && left <= ttl * 1_000).toBe(true);
};

describe.each(kinds)('a $holds that lives for $ttl s', ({ holds, ttl, first, second }) => {
  const keyspace = { prefix: 'doc:', holds, ttl };

  test('is added, left alone while it is the same, changed, and deleted', async () => {
    expect(await send(keyspace, { a: first, b: second })).toMatchObject({ added: 2, updated: 0, deleted: 0 });
    expect([await held('doc:a'), await held('doc:b')]).toEqual([told(first, holds), told(second, holds)]);
    await outliving('doc:a', ttl);

    await beginCounting(redis.client);
    expect(await send(keyspace, { a: first, b: second })).toMatchObject({ added: 0, updated: 0, deleted: 0 });
    expect(await writesCounted(redis.client)).toEqual({ mset: 1 }); // the checkpoint

    expect(await send(keyspace, { a: second, b: first })).toMatchObject({ added: 0, updated: 2, deleted: 0 });
    expect([await held('doc:a'), await held('doc:b')]).toEqual([told(second, holds), told(first, holds)]);
    await outliving('doc:a', ttl);

    expect(await send(keyspace, { a: '', b: '', c: '' })).toMatchObject({ added: 0, updated: 0, deleted: 2 });
    expect(await redis.client.keys('doc:*')).toEqual([]);
  });

  test('takes the place of whatever else the key held', async () => {
    const other = holds === 'set' ? 'list' : 'set';
    if (other === 'set') await redis.client.sadd('doc:a', 'x');
    else await redis.client.rpush('doc:a', 'x');
    expect(await send(keyspace, { a: first })).toMatchObject({ added: 1, updated: 0 });
    expect(await held('doc:a')).toBe(told(first, holds));
    await outliving('doc:a', ttl);
  });

  test('takes the place of fifty megabytes', async () => {
    const large = 'x'.repeat(50_000_000);
    if (holds === 'string') await redis.client.set('doc:a', large);
    else if (holds === 'hash') await redis.client.hset('doc:a', 'a', large, 'b', '2', 'long', 'x');
    else if (holds === 'set') await redis.client.sadd('doc:a', large, '2', 'ü');
    else await redis.client.zadd('doc:a', 1, large, 0.1, 'b');
    await beginCounting(redis.client);
    expect(await send(keyspace, { a: first })).toMatchObject({ added: 0, updated: 1 });
    const called = await redis.client.info('commandstats');
    expect(called).not.toMatch(/^cmdstat_(hgetall|smembers|zrange):/m);
    if (ttl !== undefined) expect(called).not.toMatch(/^cmdstat_mget:/m);
    expect(await held('doc:a')).toBe(told(first, holds));
    await outliving('doc:a', ttl);
  });

  test('goes with bytes that are not valid UTF-8 in its name, and nothing beside it changes', async () => {
    const odd = Buffer.from([0xff, 0x3a, 0xfe]);
    const { client } = redis;
    await client.set(Buffer.concat([Buffer.from('doc:'), odd]), 'x');
    await client.mset('doc', 'x', 'other', 'x', Buffer.concat([Buffer.from('dob:'), odd]), 'x');
    await client.rpush('docs:a', 'x');
    const before = await rawKeys(client);
    await sink.send([{ type: 'doc', keyspace, aliases: ['a', odd], values: [first, ''] }]);
    const after = await rawKeys(client);
    const gone = Object.keys(before).filter((key) => !(key in after));
    expect(gone).toEqual([Buffer.from('doc:').toString('latin1') + odd.toString('latin1')]);
    for (const [key, value] of Object.entries(after))
      if (key !== 'doc:a' && key !== checkpointKey) expect([key, value]).toEqual([key, before[key]]);
  });
});

describe.each(forms)('the lifetime of a $holds', ({ holds, first }) => {
  test('is set where it is missing, and cut where it is longer', async () => {
    const keyspace = { prefix: 'doc:', holds, ttl: 60 };
    await send(keyspace, { a: first, b: first, c: first });
    await redis.client.persist('doc:a');
    await redis.client.pexpire('doc:b', 3_600_000);
    await redis.client.pexpire('doc:c', 30_000);
    expect(await send(keyspace, { a: first, b: first, c: first })).toMatchObject({ added: 0, updated: 2 });
    await outliving('doc:a', 60);
    await outliving('doc:b', 60);
    expect(await redis.client.pttl('doc:c')).toBeLessThanOrEqual(30_000);
  });

  test('is taken away where a mapping has none any more', async () => {
    await send({ prefix: 'doc:', holds, ttl: 60 }, { a: first });
    const keyspace = { prefix: 'doc:', holds };
    const batch = { type: 'doc', keyspace, aliases: ['a'], values: [first], exact: true };
    expect(await sink.send([batch])).toMatchObject({ added: 0, updated: 1 });
    expect(await redis.client.pttl('doc:a')).toBe(-1);
  });
});

/** A batch of each form. */
const mixed = (which: 'first' | 'second') =>
  forms.map((form) => ({
    type: form.holds,
    keyspace: { prefix: `${form.holds}:`, holds: form.holds },
    aliases: ['a', 'gone'],
    values: [form[which], ''],
  }));

test('documents of all forms in one apply: counts are by mapping', async () => {
  await sink.send(mixed('first'));
  for (const { holds } of forms) await redis.client.set(`${holds}:gone`, 'x');
  const { batches, ...sum } = await sink.send(mixed('second'));
  expect(sum).toMatchObject({ added: 0, updated: 4, deleted: 4 });
  expect(batches).toEqual(forms.map(({ holds }) => ({ type: holds, added: 0, updated: 1, deleted: 1 })));
});

test('a key of more elements, and an apply of more keys, than one command takes', async () => {
  const members = Array.from({ length: 20_000 }, (_, at) => String(at)).sort();
  const fields = Object.fromEntries(members.map((member) => [`f${member}`, member]));
  const names = Array.from({ length: 15_000 }, (_, at) => `n${at}`);
  const batches = (extra: string) => [
    { type: 's', keyspace: { prefix: 's:', holds: 'set' as const }, aliases: ['a'], values: [JSON.stringify([...members, extra])] }, // prettier-ignore
    { type: 'h', keyspace: { prefix: 'h:', holds: 'hash' as const }, aliases: ['a'], values: [JSON.stringify({ ...fields, extra })] }, // prettier-ignore
    { type: 't', keyspace: { prefix: 't:', holds: 'string' as const }, aliases: names, values: names.map(() => extra) }, // prettier-ignore
  ];
  expect(await sink.send(batches('x'))).toMatchObject({ added: 15_002 });
  expect([await redis.client.scard('s:a'), await redis.client.hlen('h:a')]).toEqual([20_001, 20_001]);
  await beginCounting(redis.client);
  expect(await sink.send(batches('y'))).toMatchObject({ added: 0, updated: 15_002 });
  expect(await writesCounted(redis.client)).toMatchObject({ sadd: 1, srem: 1, hset: 1 });
  expect(await redis.client.sismember('s:a', 'x')).toBe(0);
  const gone = { ...batches('y')[2], type: 't', keyspace: { prefix: 't:', holds: 'string' as const } };
  expect(await sink.send([{ ...gone, aliases: names, values: names.map(() => '') }])).toMatchObject({
    deleted: 15_000,
  });
});

test('empty objects and arrays are no keys', async () => {
  const keyspace = { prefix: 'doc:', holds: 'hash' as const };
  await send(keyspace, { a: '{"f":"1"}' });
  expect(await send(keyspace, { a: '{}', b: '{}' })).toMatchObject({ added: 0, deleted: 1 });
  expect(await redis.client.keys('doc:*')).toEqual([]);
});

test('another instance’s apply in between: nothing is written', async () => {
  await sink.send(mixed('first'));
  const rival = await connect();
  const other = new AliasSink(rival);
  const { raw, checkpoint } = await other.load();
  if (checkpoint !== undefined) other.resume(raw, checkpoint);
  await other.send([]);
  const before = await rawKeys(redis.client);
  await expect(sink.send(mixed('second'))).rejects.toBeInstanceOf(CheckpointMoved);
  expect(await rawKeys(redis.client)).toEqual(before);
});

test('a reply that is lost: what was applied is found applied, and is not done again', async () => {
  const proxy = await cutProxy(redis.server.port);
  const over = await connect(proxy.port);
  const cut = await begin(over);
  proxy.cutAfter(1);
  await expect(cut.send(mixed('first'))).rejects.toMatchObject({ kind: 'retryable' });
  await over.reconnected();
  const { raw, checkpoint } = await cut.load();
  if (checkpoint !== undefined) cut.resume(raw, checkpoint);
  await beginCounting(redis.client);
  expect(await cut.send(mixed('first'))).toMatchObject({ added: 0, updated: 0, deleted: 0 });
  expect(await writesCounted(redis.client)).toEqual({ mset: 1, unlink: 4 }); // the checkpoint; and keys that are not there
});

test('a Redis that is full refuses all of an apply, and takes it later', async () => {
  const { client } = redis;
  await sink.send(mixed('first'));
  await client.set('string:gone', 'x');
  // The first thing to be done to this one takes no memory, and would let all that follows pass.
  await client.del('hash:a');
  await client.rpush('hash:a', 'x');
  const [strings, ...others] = mixed('second');
  const batches = [...others, ...(strings === undefined ? [] : [strings])];
  const before = await rawKeys(client);
  await client.config('SET', 'maxmemory', '1');
  const raw = await client.get(checkpointKey);
  await expect(sink.send(batches)).rejects.toMatchObject({ code: 'E_REDIS_FULL' });
  expect(await rawKeys(client)).toEqual(before);
  await client.config('SET', 'maxmemory', '0');
  const { checkpoint } = await sink.load();
  if (checkpoint !== undefined) sink.resume(raw ?? '', checkpoint);
  expect(await sink.send(batches)).toMatchObject({ added: 1, updated: 3, deleted: 1 });
});

test('a user who may not write one form: the checkpoint stays, and the error says what to grant', async () => {
  const { client } = redis;
  const rules = '~millrace:* ~string:* ~hash:* +@all -hset'.split(' ');
  await client.call('ACL', 'SETUSER', 'poor', 'on', '>secret', ...rules);
  const over = await connect(redis.server.port, 'poor');
  const poor = await begin(over);
  const raw = await client.get(checkpointKey);
  const refused: unknown = await poor.send(mixed('first').slice(0, 2)).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'E_REDIS_ACL' });
  expect(describeError(refused).hint).toContain('+hset');
  expect(await client.get(checkpointKey)).toBe(raw);
});
