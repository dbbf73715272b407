import { BehaviorSubject } from 'rxjs';
import { goingMirror } from '../../../src/archive/mirror/going-mirror';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { eventually } from '../../support/eventually';
import { testRedis, type TestRedis } from '../../support/stores';
import { faultProxy } from '../support/fault-proxy';
import { mirrored, noEchoes } from '../support/mirror';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
});

/** A mirror that listens, and then its lane ends. */
async function leftBehind(listensAt = redis.server.port) {
  const { host, port } = redis.server;
  const target = redisTarget({ host, port: listensAt, db: 0 });
  const connection = new RedisConnection(redisTarget({ host, port, db: 0 }), 'left');
  await connection.connect();
  const options = {
    catalogue: aiRegistry,
    target,
    connection,
    echoes: noEchoes,
    watchMs: 50,
  };
  const mirror = goingMirror({ ...options, owned$: new BehaviorSubject(true) });
  const seen: string[] = [];
  let complete = false;
  mirror.events$.subscribe({
    next: ({ type }) => seen.push(type),
    complete: () => (complete = true),
  });
  await eventually(() => seen.includes('subscribed'));
  const left = mirror.leave();
  expect(complete).toBe(true);
  return { left, connection };
}

const names = async () => (await mirrored(redis.client)).map(([field, value]) => `${field} ${String(value)}`);

test('a mirror that is left goes on until it is ended: then all that it heard is in the stream, and its connection closed', async () => {
  const { left, connection } = await leftBehind();
  await redis.client.hset('aidb:run:1', 'a', '1');
  await eventually(async () => expect(await names()).toEqual(['run 1']));
  await redis.client.hset('aidb:run:2', 'a', '1');
  expect(await left.end()).toBe(true);
  await expect(connection.connect()).rejects.toThrow();
  await redis.client.hset('aidb:run:3', 'a', '1');
  expect(await names()).toEqual(expect.arrayContaining(['run 1']));
  expect(await names()).not.toContain('run 3');
});

test('one that has lost its subscription meanwhile says that it has not heard everything', async () => {
  const { left } = await leftBehind();
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await redis.client.hset('aidb:run:1', 'a', '1');
  await eventually(async () =>
    expect((await redis.client.client('LIST')) as string).toMatch(/ [ps]sub=[1-9]/),
  );
  expect(await left.end()).toBe(false);
});

test('what was on its way to it when it is ended is heard still', async () => {
  const proxy = await faultProxy(redis.server.port);
  const { left } = await leftBehind(proxy.port);
  proxy.block();
  await redis.client.hset('aidb:run:1', 'a', '1');
  const ended = left.end();
  proxy.open();
  expect(await ended).toBe(true);
  expect(await names()).toEqual(['run 1']);
});
