import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { ownPostgres, type OwnPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { busyWriter } from './support/busy-writer';
import { faultProxy, through } from './support/fault-proxy';
import { emptied, inStep, positionOf } from './support/in-step';

/** The stream is the only thing that grows, only while Postgres is away, and everybody is told. */
let redis: TestRedis;
let postgres: OwnPostgres;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await ownPostgres();
});
beforeEach(async () => {
  await redis.client.config('SET', 'maxmemory', '0');
  await redis.client.flushall();
  await emptied(postgres);
});

const start = (url = postgres.url) =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: url, SYNC_INTERVAL: '3600' });
const settled = (daemon: TestDaemon) => inStep({ redis, postgres }, daemon.running);
const archive = async (daemon: TestDaemon) => (await daemon.status()).archive;
const entryIds = async () => (await redis.client.xrange('millrace:changes', '-', '+')).map(([id]) => id);

test('the stream is trimmed up to the entry applied last, which stays, and no further', async () => {
  const proxy = await faultProxy(postgres.server.port);
  const daemon = await start(through(proxy, postgres.url));
  const writer = busyWriter(redis);
  await eventually(() => writer.rounds() > 100);
  await writer.stop();
  await settled(daemon);
  const position = await positionOf(postgres);
  await eventually(async () => expect(await entryIds()).toEqual([position]), { alive: daemon.running });
  proxy.block();
  const version = await plainVersion(redis.client, await plainModel(redis.client));
  for (let n = 1; n <= 5; n++) {
    await plainPrediction(redis.client, version);
    await eventually(async () => expect((await entryIds()).length).toBeGreaterThan(n));
  }
  expect((await entryIds())[0]).toBe(position);
  proxy.open();
  await settled(daemon);
  const last = await positionOf(postgres);
  await eventually(async () => expect(await entryIds()).toEqual([last]), { alive: daemon.running });
});

test('with Postgres away writers go on, lag and the time until Redis is full are told, and then everything arrives', async () => {
  const daemon = await start();
  const { client } = redis;
  const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
  const limit = used + 64 * 1024 * 1024;
  await client.config('SET', 'maxmemory', String(limit));
  const writer = busyWriter(redis);
  await eventually(() => writer.acknowledged.length > 50);
  await postgres.server.stop();
  const acknowledged = writer.acknowledged.length;
  await eventually(async () => {
    const { troubles, archive: status } = await daemon.status();
    expect(troubles).toContainEqual(expect.stringMatching(/E_PG_UNREACHABLE/));
    expect(status.lagRecords).toBeGreaterThan(100);
    expect(status.lagSeconds).toBeGreaterThan(2);
  });
  const { lagRecords } = await archive(daemon);
  await eventually(async () =>
    expect((await archive(daemon)).lagRecords).toBeGreaterThan(lagRecords ?? Infinity),
  );
  await eventually(
    async () => {
      const { memory } = await archive(daemon);
      expect(memory?.limitBytes).toBe(limit);
      // At some hundred kilobytes a second the rest lasts for minutes.
      expect(memory?.fullInSeconds).toBeGreaterThan(20);
      expect(memory?.fullInSeconds).toBeLessThan(7_200);
    },
    { within: 20_000 },
  );
  expect(writer.acknowledged.length).toBeGreaterThan(acknowledged + 100);
  await postgres.restart();
  await writer.stop();
  await settled(daemon);
  await eventually(async () => expect((await archive(daemon)).lagRecords).toBe(0));
  expect((await archive(daemon)).lagSeconds).toBe(0);
  // A failure ends when turns have succeeded for a second.
  await eventually(async () => expect((await daemon.status()).ready).toBe(true), { alive: daemon.running });
}, 60_000);

test('with Postgres silent writers go on, lag is told within seconds, and then everything arrives', async () => {
  const proxy = await faultProxy(postgres.server.port);
  const daemon = await start(through(proxy, postgres.url));
  const writer = busyWriter(redis);
  await eventually(() => writer.acknowledged.length > 50);
  proxy.block();
  const acknowledged = writer.acknowledged.length;
  await eventually(async () => {
    const status = await archive(daemon);
    expect(status.lagRecords).toBeGreaterThan(100);
    expect(status.lagSeconds).toBeGreaterThan(4);
  });
  expect(writer.acknowledged.length).toBeGreaterThan(acknowledged + 100);
  proxy.open();
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('a daemon started while Postgres is away says so, and catches up when it comes', async () => {
  await postgres.server.stop();
  const version = await plainVersion(redis.client, await plainModel(redis.client));
  const daemon = await startDaemon(
    { REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' },
    { awaitPass: false },
  );
  await eventually(async () => {
    const { ready, troubles, archive: status } = await daemon.status();
    expect(ready).toBe(false);
    expect(troubles).toContainEqual(expect.stringMatching(/E_PG_UNREACHABLE/));
    expect(status.lagRecords).not.toBe(0);
  });
  for (let n = 0; n < 20; n++) await plainPrediction(redis.client, version);
  await postgres.restart();
  await eventually(async () => expect((await daemon.status()).ready).toBe(true));
  await settled(daemon);
});
