import { lastValueFrom } from 'rxjs';
import { mirror$ } from '../../../src/archive/mirror/mirror';
import { startRedis } from '../../../src/embedded/redis/redis';
import { describeError } from '../../../src/foundation/errors';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { cutProxy } from '../../support/cut-proxy';
import { eventually } from '../../support/eventually';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';
import { countArrivals, has, mirrored, noEchoes, startMirror, type TestMirror } from '../support/mirror';

const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis({ dataDir: folder, persist: true });
});
beforeEach(async () => {
  await redis.client.flushall();
});

const ids = async () =>
  (await mirrored(redis.client)).map(([field, value]) => `${field} ${value.toString()}`);
const downs = (mirror: TestMirror) => has(mirror.events, 'down').map(({ error }) => describeError(error));
const subscribes = (mirror: TestMirror, times: number) =>
  eventually(() => expect(has(mirror.events, 'subscribed').length).toBeGreaterThanOrEqual(times), {
    alive: mirror.running,
  });
const works = async (mirror: TestMirror) => {
  await redis.client.hset('aidb:run:after', 'a', '1');
  await eventually(async () => expect(await ids()).toContain('run after'), { alive: mirror.running });
};
const runs = (count: number, command: readonly string[]) =>
  redis.client
    .pipeline(
      Array.from({ length: count }, (_u, id) => [command[0] ?? '', `aidb:run:${id}`, ...command.slice(1)]),
    )
    .exec();

test('a restarted Redis has forgotten the setting: it is switched on again, and a full pass asked for', async () => {
  const mirror = await startMirror(redis);
  const { port } = redis.server;
  await redis.server.stop();
  await eventually(() => downs(mirror).some(({ code }) => code === 'E_REDIS_UNREACHABLE'));
  redis.server = await startRedis({ dataDir: folder, persist: true, port });
  await subscribes(mirror, 2);
  expect(has(mirror.events, 'subscribed').at(-1)?.notifications).toBe('switched on');
  expect(mirror.events.findIndex(({ type }) => type === 'down')).toBeGreaterThan(0);
  await works(mirror);
});

test('a subscriber that somebody kills subscribes again', async () => {
  const mirror = await startMirror(redis);
  await redis.client.client('KILL', 'TYPE', 'pubsub');
  await subscribes(mirror, 2);
  await works(mirror);
});

test('a subscriber cut off for reading too slowly subscribes again', async () => {
  await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 20kb 20kb 1');
  const mirror = await startMirror(redis);
  await redis.client.eval(
    "for id = 1, 20000 do redis.call('HSET', 'aidb:prediction:' .. id, 'a', '1') end",
    0,
  );
  await subscribes(mirror, 2);
  await redis.client.config('SET', 'client-output-buffer-limit', 'pubsub 32mb 8mb 60');
  await works(mirror);
});

test('a connection cut in the middle of a notification is made anew', async () => {
  const proxy = await cutProxy(redis.server.port);
  const mirror = await startMirror(redis, {}, { port: proxy.port });
  proxy.cutAfter(1_001);
  await runs(50, ['hset', 'a', '1']);
  await subscribes(mirror, 2);
  expect(proxy.cuts()).toBe(1);
  await works(mirror);
});

test('a connection that is silent for ever is found out', async () => {
  const mirror = await startMirror(redis, { watchMs: 100 });
  redis.server.kill('SIGSTOP');
  await eventually(() => downs(mirror).length > 0, { within: 15_000 }).finally(() =>
    redis.server.kill('SIGCONT'),
  );
  await subscribes(mirror, 2);
  await works(mirror);
});

test('the setting taken away under a running mirror comes back, and a full pass is asked for', async () => {
  const mirror = await startMirror(redis, { watchMs: 20 });
  await redis.client.config('SET', 'notify-keyspace-events', 'Ex');
  await subscribes(mirror, 2);
  expect(await redis.client.config('GET', 'notify-keyspace-events')).toEqual([
    'notify-keyspace-events',
    expect.stringMatching(/^(?=.*E)(?=.*x)(?=.*K)(?=.*h)(?=.*z)(?=.*g)/),
  ]);
  await works(mirror);
});

test('what Redis is too full to take is kept and sent later', async () => {
  await runs(300, ['hset', 'a', '1', 'b', '2']);
  const mirror = await startMirror(redis);
  await redis.client.config('SET', 'maxmemory', '1');
  await runs(300, ['hdel', 'b']);
  await eventually(() => expect(downs(mirror).map(({ code }) => code)).toContain('E_REDIS_FULL'));
  expect(has(mirror.events, 'down')[0]).toMatchObject({ what: 'writing', attempt: 1 });
  await runs(2, ['del']); // newer than what waits
  await redis.client.config('SET', 'maxmemory', '0');
  await eventually(async () => expect(new Set(await ids()).size).toBe(300), { alive: mirror.running });
  expect((await ids()).filter((pair) => pair.startsWith('run-'))).toEqual(['run- 0', 'run- 1']);
  expect(has(mirror.events, 'overflow')).toEqual([]);
});

test('what does not fit while Redis refuses is counted, and the rest arrives', async () => {
  await runs(300, ['hset', 'a', '1']);
  const mirror = await startMirror(redis, { maxPending: 100 });
  await redis.client.config('SET', 'maxmemory', '1');
  await runs(300, ['del']);
  const dropped = () => has(mirror.events, 'overflow').reduce((sum, event) => sum + event.dropped, 0);
  await eventually(() => expect(dropped()).toBe(200)).finally(() =>
    redis.client.config('SET', 'maxmemory', '0'),
  );
  await eventually(async () => expect(await ids()).toHaveLength(100), { alive: mirror.running });
});

test('replies of the stream lost again and again lose no nomination', async () => {
  const proxy = await cutProxy(redis.server.port);
  const mirror = await startMirror(redis, {}, { writePort: proxy.port });
  for (let burst = 0; burst < 10; burst++) {
    proxy.cutAfter(1 + burst * 37);
    await redis.client
      .pipeline(
        Array.from({ length: 500 }, (_u, id) => ['hset', `aidb:prediction:${burst * 500 + id}`, 'a', '1']),
      )
      .exec();
  }
  await eventually(async () => expect(new Set(await ids()).size).toBe(5_000), { alive: mirror.running });
  expect(proxy.cuts()).toBeGreaterThan(0);
  expect(has(mirror.events, 'overflow')).toEqual([]);
  expect(has(mirror.events, 'subscribed')).toHaveLength(1);
});

test('a user who may not subscribe is told the grant, and served as soon as it has it', async () => {
  await redis.client.call('ACL', 'SETUSER', 'shy', 'on', '>secret', '~*', '+@all', 'resetchannels');
  const mirror = await startMirror(
    redis,
    {},
    { username: 'shy', password: 'secret', awaitSubscription: false },
  );
  await eventually(() => expect(downs(mirror)[0]?.code).toBe('E_REDIS_ACL'));
  const grant = /'(&.*)'/.exec(downs(mirror)[0]?.hint ?? '')?.[1] ?? '';
  await redis.client.call('ACL', 'SETUSER', 'shy', grant);
  await subscribes(mirror, 1);
  await works(mirror);
});

test('a stop before there was a connection, and one while Redis refuses, complete', async () => {
  const target = redisTarget({ host: '127.0.0.1', port: 1, db: 0 });
  const connection = new RedisConnection(target, 'test');
  const options = { target, connection, echoes: noEchoes };
  const events = lastValueFrom(mirror$({ ...options, signal: AbortSignal.abort() }), {
    defaultValue: 'none',
  });
  expect(await events).toBe('none');
  const abort = new AbortController();
  const outages: unknown[] = [];
  const ended = new Promise<void>((resolve) => {
    mirror$({ ...options, signal: abort.signal }).subscribe({
      next: (event) => outages.push(event),
      complete: resolve,
    });
  });
  await eventually(() => outages.length >= 2);
  expect(outages[1]).toMatchObject({ type: 'down', what: 'listening', attempt: 2 });
  abort.abort();
  await ended;
});

test('what cannot be sent at the stop is reported as dropped', async () => {
  await runs(7, ['hset', 'a', '1']);
  const mirror = await startMirror(redis);
  await redis.client.config('SET', 'maxmemory', '1');
  const arrivals = countArrivals();
  await runs(7, ['del']);
  await eventually(() => arrivals() === 7 && downs(mirror).length > 0);
  await mirror.stop().finally(() => redis.client.config('SET', 'maxmemory', '0'));
  expect(has(mirror.events, 'overflow')).toEqual([{ type: 'overflow', dropped: 7 }]);
});

test('unsubscribing leaves no connection behind', async () => {
  const target = redisTarget({ host: redis.server.host, port: redis.server.port, db: 0 });
  const connection = new RedisConnection(target, 'test');
  await connection.connect();
  const seen: string[] = [];
  const subscription = mirror$({
    target,
    connection,
    signal: new AbortController().signal,
    echoes: noEchoes,
  }).subscribe(({ type }) => seen.push(type));
  await eventually(() => seen.includes('subscribed'));
  subscription.unsubscribe();
  await eventually(async () => expect(await redis.client.client('LIST')).not.toContain('millrace-mirror'));
  connection.close();
});
