import { loadConfig, requirePostgres } from '../../src/config/load';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { ownPostgres, type OwnPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { busyWriter } from './support/busy-writer';
import { faultProxy, through } from './support/fault-proxy';
import { emptied, inStep } from './support/in-step';

/** Connections on which nothing comes any more, and nobody says so. */
let redis: TestRedis;
let postgres: OwnPostgres;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await ownPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await emptied(postgres);
});

const start = (changes: { readonly REDIS_URL?: string; readonly POSTGRES_URL?: string }) =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600', ...changes });
const settled = (daemon: TestDaemon) => inStep({ redis, postgres }, daemon.running);

test('a Postgres connection that has fallen silent is given up within seconds, and nothing is lost with it', async () => {
  const proxy = await faultProxy(postgres.server.port);
  const daemon = await start({ POSTGRES_URL: through(proxy, postgres.url) });
  const writer = busyWriter(redis);
  await eventually(() => writer.acknowledged.length > 100);
  await writer.stop();
  await settled(daemon);
  proxy.forget();
  await plainPrediction(redis.client, await plainVersion(redis.client, await plainModel(redis.client)));
  await settled(daemon);
}, 60_000);

test('Redis connections that fall silent are given up within seconds, and nothing is lost with them', async () => {
  const proxy = await faultProxy(redis.server.port);
  const daemon = await start({ REDIS_URL: through(proxy, redis.url) });
  const writer = busyWriter(redis);
  await eventually(() => writer.acknowledged.length > 100);
  proxy.forget();
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('many statements that are answered, one after the other, are no silence however long they take', async () => {
  const config = loadConfig({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url });
  const connection = new PostgresConnection(requirePostgres(config), 'long');
  const watches: (() => void)[] = [];
  const setTimer = jest.spyOn(globalThis, 'setInterval').mockImplementation((look: () => void) => {
    watches.push(look);
    return setTimeout(() => undefined, 0);
  });
  try {
    const answered = connection.read(async (client) => {
      for (let count = 0; count < 5; count++) {
        await client.query('SELECT 1');
        for (const look of watches) look();
      }
      return 'whole';
    });
    expect(await answered).toBe('whole');
    // As it does where nothing is said any more.
    const silent = connection.read(async (client) => {
      const asked = client.query('SELECT pg_sleep(30)');
      for (const look of watches) look();
      await asked;
    });
    await expect(silent).rejects.toThrow();
  } finally {
    setTimer.mockRestore();
    connection.close();
  }
});
