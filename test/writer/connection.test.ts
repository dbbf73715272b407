import Redis from 'ioredis';
import { RedisConnection } from '../../src/connections/redis';
import { redisTarget } from '../../src/connections/redis-url';
import { ensureLibrary } from '../../src/writer/library';
import { ModelStore } from '../../src/writer/model-store';
import { cutProxy } from '../support/cut-proxy';
import { eventually } from '../support/eventually';
import { testRedis, type TestRedis } from '../support/stores';

let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
  await ensureLibrary(redis.client);
});
beforeEach(() => redis.client.flushdb());

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** A store on that port, by all the ways to make one. */
const ways: readonly [string, (port: number) => ModelStore][] = [
  ['a URL', (port) => new ModelStore(`redis://127.0.0.1:${port}`)],
  ['ioredis’ options', (port) => new ModelStore({ host: '127.0.0.1', port })],
  [
    'an ioredis client, which sends again by default',
    (port) => {
      const client = new Redis(port, '127.0.0.1');
      client.on('error', () => undefined);
      closers.push(() => client.disconnect());
      return new ModelStore(client);
    },
  ],
  [
    'a connection of the daemon',
    (port) => {
      const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port, db: 0 }), 'test');
      closers.push(() => connection.close());
      return new ModelStore(connection);
    },
  ],
];

test.each(ways)('made from %s, a call whose reply is lost fails, and is not sent again', async (_, open) => {
  const proxy = await cutProxy(redis.server.port);
  const store = open(proxy.port);
  closers.push(() => store.close());
  expect(await store.logPrediction({ modelVersionId: 1 })).toBe(1);
  proxy.cutAfter(0);
  await expect(store.logPrediction({ modelVersionId: 1 })).rejects.toBeDefined();
  expect(proxy.cuts()).toBe(1);
  await eventually(() => store.getModel(1));
  expect(await redis.client.xlen('millrace:changes')).toBe(2);
  expect(await store.logPrediction({ modelVersionId: 1 })).toBe(3);
});

test('calls made before the connection is there wait for it', async () => {
  const store = new ModelStore(redis.url);
  closers.push(() => store.close());
  const calls = Array.from({ length: 5 }, () => store.logPrediction({ modelVersionId: 1 }));
  expect((await Promise.all(calls)).sort()).toEqual([1, 2, 3, 4, 5]);
});

test('a server that is not there is told with the address, a wrong URL at once', async () => {
  const store = new ModelStore('redis://127.0.0.1:1');
  closers.push(() => store.close());
  const failure = { code: 'E_REDIS_UNREACHABLE', kind: 'retryable' };
  await expect(store.getModel(1)).rejects.toMatchObject(failure);
  await expect(store.getModel(1)).rejects.toThrow('127.0.0.1:1');
  expect(() => new ModelStore('http://localhost')).toThrow('The Redis URL has another scheme');
});

test('close leaves a given connection open', async () => {
  const client = new Redis(redis.url, { autoResendUnfulfilledCommands: false });
  closers.push(() => client.disconnect());
  const store = new ModelStore(client);
  await store.createModel({ name: 'm' });
  store.close();
  expect(await client.ping()).toBe('PONG');
});
