import { eventually } from '../../support/eventually';
import { testRedis, type TestRedis } from '../../support/stores';
import { countArrivals, has, mirrored, pairsOf, startMirror, untilKeys } from '../support/mirror';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
});

const utf8 = async () =>
  (await mirrored(redis.client)).map(([field, value]) => `${field} ${value.toString()}`);
const becomes = (expected: readonly string[]) =>
  eventually(async () => expect(await utf8()).toEqual(expected), { within: 5_000 });

test('plain writes become nominations; counters, indexes and sets of ids do not', async () => {
  await startMirror(redis, { flushMs: 50 });
  await redis.client
    .pipeline()
    .incr('aidb:counter:model')
    .hset('aidb:model:1', { id: '1', name: 'resnet' })
    .hset('aidb:model:name_to_id', 'resnet', '1')
    .zadd('aidb:idx:models', 1, '1')
    .hset('aidb:version:1', { id: '1' })
    .hset('aidb:dataset:1', { id: '1' })
    .hset('aidb:run:1', { id: '1' })
    .hset('aidb:hyperparam:1', 'lr', '1e-05')
    .zadd('aidb:metric:1:loss:val', 0, '{}')
    .hset('aidb:experiment:1', { id: '1' })
    .hset('aidb:exprun:1:1', { notes: '' })
    .sadd('aidb:exprun:1:runs', '1')
    .hset('aidb:prediction:1', { id: '1' })
    .hset('cache:model:1', 'a', 'b')
    .hset('entity:model:1', 'a', 'b')
    .exec();
  await becomes([
    ...['metric 1:loss:val', 'exprun 1:1', 'model 1', 'version 1', 'dataset 1', 'run 1', 'hyperparam 1'],
    ...['experiment 1', 'prediction 1'],
  ]);
});

test('a key written many times in one batch is nominated once, as what happened last to it', async () => {
  await startMirror(redis, untilKeys(8));
  const { client } = redis;
  await client
    .pipeline()
    .hset('aidb:run:1', 'a', '1')
    .hset('aidb:run:1', 'a', '2')
    .hincrby('aidb:run:1', 'n', 1)
    .exec();
  await client.pipeline().hset('aidb:run:2', 'a', '1').del('aidb:run:2').exec();
  await client
    .pipeline()
    .hset('aidb:run:3', 'a', '1')
    .unlink('aidb:run:3')
    .hset('aidb:run:3', 'a', '2')
    .exec();
  await client.pipeline().hset('aidb:run:4', 'a', '1').hdel('aidb:run:4', 'a').exec(); // the last field goes: deleted
  await client
    .pipeline()
    .hset('aidb:run:5', 'a', '1')
    .rename('aidb:run:5', 'aidb:run:6')
    .copy('aidb:run:6', 'aidb:run:7')
    .exec();
  await client.set('aidb:run:8', 'of another type');
  await becomes(['run- 2', 'run- 4', 'run. 5', 'run 1', 'run 3', 'run 6', 'run 7', 'run 8']);
});

test('what expired or was evicted was not deleted by the application', async () => {
  await redis.client.pipeline().hset('aidb:run:1', 'a', '1').hset('aidb:run:2', 'a', '1').exec();
  await startMirror(redis);
  await redis.client.pexpire('aidb:run:1', 50); // one that has passed before Redis looks is a deletion
  await eventually(async () => (await redis.client.exists('aidb:run:1')) === 0);
  await redis.client.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.client.config('SET', 'maxmemory', '1');
  await eventually(async () => (await redis.client.dbsize()) === 0, { within: 5_000 }).finally(async () => {
    await redis.client.config('SET', 'maxmemory', '0');
    await redis.client.config('SET', 'maxmemory-policy', 'noeviction');
  });
  await redis.client.hset('aidb:run:3', 'a', '1');
  await becomes(['run 3']);
});

test('keys of any bytes arrive as they are, and are told apart', async () => {
  await startMirror(redis);
  const raw = [Buffer.from([0x31, 0xff, 0x00, 0xc3]), Buffer.from([0x31, 0xfe]), Buffer.from('ایران 🙂')];
  for (const bytes of raw)
    await redis.client.hset(Buffer.concat([Buffer.from('aidb:model:'), bytes]), 'a', 'b');
  await eventually(async () => expect((await mirrored(redis.client)).map(([, value]) => value)).toEqual(raw));
});

test('only the database of the data is listened to', async () => {
  await startMirror(redis, {}, { db: 2 });
  const other = redis.client.duplicate({ db: 2 });
  await redis.client.hset('aidb:run:1', 'a', '1');
  await other.hset('aidb:run:2', 'a', '1');
  await eventually(async () =>
    expect((await mirrored(other)).map(([, value]) => value.toString())).toEqual(['2']),
  ).finally(() => other.disconnect());
  expect(await redis.client.exists('millrace:changes')).toBe(0);
});

test('a record the tail has just seen is no news; asked when sent, never for a deletion', async () => {
  const seen = new Set<string>();
  const asked: string[] = [];
  await startMirror(redis, {
    ...untilKeys(4),
    echoes: {
      has: (id) => {
        asked.push(id);
        return seen.has(id);
      },
      settle: () => Promise.resolve(),
    },
  });
  await redis.client.hset('aidb:prediction:1', 'a', '1');
  await redis.client.hset('aidb:prediction:2', 'a', '1');
  await redis.client.pipeline().hset('aidb:prediction:3', 'a', '1').del('aidb:prediction:3').exec();
  for (const id of ['1', '3']) seen.add(id); // after their notifications were sent
  await redis.client.hset('aidb:prediction:4', 'a', '1');
  await becomes(['prediction- 3', 'prediction 2', 'prediction 4']);
  expect(new Set(asked)).toEqual(new Set(['1', '2', '4']));
});

test('another point under the key of a metric the tail has just seen is news', async () => {
  await startMirror(redis, { echoes: { has: () => true, settle: () => Promise.resolve() } });
  await redis.client
    .pipeline()
    .hset('aidb:prediction:1', 'a', '1')
    .zadd('aidb:metric:1:loss:val', 0, '{}')
    .exec();
  await becomes(['metric 1:loss:val']);
});

test('at the stop everything that waits is sent, and both connections of the mirror are gone', async () => {
  const arrivals = countArrivals();
  const mirror = await startMirror(redis, untilKeys(1_000_000));
  const others = await redis.client.client('LIST');
  expect(others).toContain('millrace-mirror');
  await redis.client
    .pipeline(Array.from({ length: 1_234 }, (_u, id) => ['hset', `aidb:prediction:${id}`, 'a', '1']))
    .exec();
  await eventually(() => arrivals() === 1_234);
  expect(await mirrored(redis.client)).toEqual([]);
  await mirror.stop();
  expect(await mirrored(redis.client)).toHaveLength(1_234);
  expect(has(mirror.events, 'mirrored').reduce((sum, { pairs }) => sum + pairs, 0)).toBe(1_234);
  await eventually(async () => expect(await redis.client.client('LIST')).not.toContain('millrace-mirror'));
});

test('entries hold at most 100 records, and a full batch does not wait for the clock', async () => {
  await startMirror(redis, untilKeys(500));
  await redis.client
    .pipeline(Array.from({ length: 500 }, (_u, id) => ['hset', `aidb:prediction:${id}`, 'a', '1']))
    .exec();
  await eventually(async () => expect(await mirrored(redis.client)).toHaveLength(500));
  const entries = await redis.client.xrange('millrace:changes', '-', '+');
  expect(entries.map(([, fields]) => pairsOf(fields.map((field) => Buffer.from(field))).length)).toEqual([
    100, 100, 100, 100, 100,
  ]);
});

test('nominations beyond what the mirror may hold are dropped, and told', async () => {
  const arrivals = countArrivals();
  const mirror = await startMirror(redis, { ...untilKeys(1_000_000), maxPending: 100 });
  await redis.client
    .pipeline(Array.from({ length: 250 }, (_u, id) => ['hset', `aidb:run:${id % 125}`, 'a', '1']))
    .exec();
  await eventually(() => arrivals() === 250);
  await mirror.stop();
  expect(await mirrored(redis.client)).toHaveLength(100);
  const dropped = 2 * 25; // 25 keys, twice each
  expect(mirror.events.slice(1)).toEqual([
    { type: 'mirrored', pairs: 100 },
    { type: 'overflow', dropped },
  ]);
});

test('a flush is cut into pieces that do not hold up the process, and leaves nothing behind', async () => {
  const arrivals = countArrivals();
  const mirror = await startMirror(redis, untilKeys(1_000_000));
  await redis.client.eval(
    "for id = 1, 12000 do redis.call('HSET', 'aidb:prediction:' .. id, 'a', '1') end",
    0,
  );
  await eventually(() => arrivals() === 12_000);
  await mirror.stop();
  expect(has(mirror.events, 'mirrored').map(({ pairs }) => pairs)).toEqual([5_000, 5_000, 2_000]);
  expect(new Set((await mirrored(redis.client)).map(String)).size).toBe(12_000);
});
