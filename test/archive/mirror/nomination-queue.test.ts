import { NominationQueue, type QueueEvent } from '../../../src/archive/mirror/nomination-queue';
import { RedisConnection } from '../../../src/connections/redis';
import { redisTarget } from '../../../src/connections/redis-url';
import { eventually } from '../../support/eventually';
import { testRedis, type TestRedis } from '../../support/stores';
import { noEchoes } from '../support/mirror';
import { Effects } from '../../../src/archive/mirror/mirror-event';
import { aiRegistry } from '../../../src/mapping/ai-registry';

/** What happens while a flush is under way: `add` returns before Redis can have answered. */
let redis: TestRedis;
let connection: RedisConnection;
beforeAll(async () => {
  redis = await testRedis();
  const { host, port } = redis.server;
  connection = new RedisConnection(redisTarget({ host, port, db: 0 }), 'test');
  await connection.connect();
});
afterAll(() => {
  connection.close();
});
beforeEach(async () => {
  await redis.client.flushall();
});

const queueOf = (flushAt: number, events: QueueEvent[] = [], echoes = noEchoes) =>
  new NominationQueue({
    connection,
    catalogue: aiRegistry,
    effects: new Effects(aiRegistry),
    echoes,
    report: (event) => events.push(event),
    flushMs: 5,
    flushAt,
    maxPending: 3,
  });
const entries = async () =>
  (await redis.client.xrange('millrace:changes', '-', '+')).map(([, fields]) => fields.join(' '));

test('what comes during a flush waits for its end, and goes together', async () => {
  const queue = queueOf(1);
  for (const id of [1, 2, 3]) queue.add(`aidb:run:${id}`, 'changed');
  await eventually(async () => expect(await entries()).toEqual(['run* 1', 'run* 2 3']));
  await queue.close();
});

test('what happened to a key during a failing flush is newer than what could not be sent', async () => {
  const events: QueueEvent[] = [];
  const queue = queueOf(1, events);
  await redis.client.config('SET', 'maxmemory', '1');
  queue.add('aidb:run:1', 'changed');
  queue.add('aidb:run:1', 'deleted');
  await eventually(() => events.some(({ type }) => type === 'down'));
  await redis.client.config('SET', 'maxmemory', '0');
  await eventually(async () => expect(await entries()).toEqual(['run- 1']));
  await queue.close();
});

test('what could not be sent and finds its place taken is dropped, and told', async () => {
  const events: QueueEvent[] = [];
  const queue = queueOf(2, events);
  await redis.client.config('SET', 'maxmemory', '1');
  for (const id of [1, 2, 3, 4]) queue.add(`aidb:run:${id}`, 'changed'); // 1 and 2 are on their way; 3 and 4 wait, and one more has room
  await eventually(() => events.some(({ type }) => type === 'overflow'));
  await redis.client.config('SET', 'maxmemory', '0');
  await eventually(async () => expect(await entries()).toEqual(['run* 3 4 1']));
  expect(events.filter(({ type }) => type === 'overflow')).toEqual([{ type: 'overflow', dropped: 1 }]);
  await queue.close();
});

test('predictions wait until the tail has read what may hold them by value; what has come meanwhile goes afterwards', async () => {
  const seen = new Set<string>();
  let settled: () => void = () => undefined;
  let waiting = 0;
  const queue = queueOf(2, [], {
    has: (id) => seen.has(id),
    settle: () => {
      waiting++;
      return new Promise((resolve) => (settled = resolve));
    },
  });
  queue.add('aidb:prediction:1', 'changed');
  queue.add('aidb:prediction:2', 'changed');
  await eventually(() => waiting === 1);
  queue.add('aidb:prediction:2', 'deleted');
  seen.add('1');
  settled();
  await eventually(async () => expect(await entries()).toEqual(['prediction* 2', 'prediction- 2']));
  expect(waiting).toBe(1); // not for a deletion
  await queue.close();
});

test('at the stop, and when many wait, nobody waits for the tail', async () => {
  let enough: () => boolean = () => false;
  let settled: () => void = () => undefined;
  const queue = queueOf(1, [], {
    has: () => false,
    settle: (isEnough) => {
      enough = isEnough;
      return new Promise((resolve) => (settled = resolve));
    },
  });
  queue.add('aidb:prediction:1', 'changed');
  queue.add('aidb:prediction:2', 'changed');
  expect(enough()).toBe(false);
  queue.add('aidb:prediction:3', 'changed'); // two of three
  expect(enough()).toBe(true);
  settled();
  await eventually(async () => expect((await entries())[0]).toBe('prediction* 1'));
  const closed = queue.close();
  expect(enough()).toBe(true);
  settled();
  await closed;
  expect(await entries()).toEqual(['prediction* 1', 'prediction* 2 3']);
});
