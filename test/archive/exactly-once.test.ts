import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../src/embedded/redis/redis';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { ownPostgres, type OwnPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { busyWriter } from './support/busy-writer';
import { daemonProcesses } from './support/daemon-process';
import { faultProxy, through } from './support/fault-proxy';
import { emptied, expectNothingSkipped, inStep } from './support/in-step';

/** Whatever breaks, at whatever moment: every record of Redis is in Postgres once, under its parents. */
const startProcess = daemonProcesses();
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-once-'));
let redis: TestRedis;
let postgres: OwnPostgres;

beforeAll(async () => {
  redis = await testRedis({ dataDir, persist: true });
  postgres = await ownPostgres();
});
beforeEach(async () => {
  await eventually(() => redis.client.flushall());
  await emptied(postgres);
});

const environment = () => ({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });
const start = (changes: { readonly REDIS_URL?: string; readonly POSTGRES_URL?: string } = {}) =>
  startDaemon({ ...environment(), ...changes });
const settled = (daemon: TestDaemon) => inStep({ redis, postgres }, daemon.running);

test('a daemon killed with kill -9 at any moment loses nothing, doubles nothing and skips nothing', async () => {
  const writer = busyWriter(redis);
  for (let kill = 0; kill < 6; kill++) {
    const daemon = await startProcess(environment());
    const before = writer.rounds();
    await eventually(async () => expect((await daemon.archive()).role).toBe('owner'), {
      alive: daemon.ended,
    });
    // In the first pass, in the tail, in between: by the writers' rounds, so that it is another moment each time.
    const rounds = randomInt(1, 150);
    await eventually(() => writer.rounds() - before > rounds, { alive: daemon.ended });
    await daemon.kill();
    // The next one need not wait for the silence of this one: owners.test.ts does.
    await postgres.query('UPDATE millrace.checkpoint SET owner = NULL');
    await expectNothingSkipped({ redis, postgres }, writer.acknowledged);
  }
  await writer.stop();
  expect(writer.acknowledged.length).toBeGreaterThan(300);
  const daemon = await start();
  await settled(daemon);
}, 60_000);

test('connections to Postgres cut in the middle of a COPY, again and again, leave no row twice and none out', async () => {
  const proxy = await faultProxy(postgres.server.port);
  const daemon = await start({ POSTGRES_URL: through(proxy, postgres.url) });
  const writer = busyWriter(redis);
  for (let cut = 1; cut <= 15; cut++) {
    proxy.cutAfterSent('FROM STDIN', randomInt(1, 2_000));
    await eventually(() => proxy.cuts() >= cut, { alive: daemon.running });
  }
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('a commit whose reply never comes counts once', async () => {
  const proxy = await faultProxy(postgres.server.port);
  const daemon = await start({ POSTGRES_URL: through(proxy, postgres.url) });
  const writer = busyWriter(redis);
  for (let cut = 1; cut <= 15; cut++) {
    proxy.swallowReplyTo('COMMIT\0'); // not READ COMMITTED
    await eventually(() => proxy.cuts() >= cut, { alive: daemon.running });
    const rounds = writer.rounds();
    await eventually(() => writer.rounds() > rounds + 10);
  }
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('connections to Redis cut in the middle of replies lose nothing', async () => {
  const proxy = await faultProxy(redis.server.port);
  const daemon = await start({ REDIS_URL: through(proxy, redis.url) });
  const writer = busyWriter(redis);
  for (let cut = 1; cut <= 15; cut++) {
    proxy.cutAfterReceived(randomInt(1, cut * 1_500));
    await eventually(() => proxy.cuts() >= cut, { alive: daemon.running });
  }
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('Postgres stopped, and Postgres killed, in the middle of the work: everything arrives once it is back', async () => {
  const daemon = await start();
  const writer = busyWriter(redis);
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const rounds = writer.rounds();
    await eventually(() => writer.rounds() > rounds + 20);
    postgres.server.kill(signal);
    await postgres.server.exited;
    await eventually(async () =>
      expect((await daemon.status()).troubles).toContainEqual(expect.stringMatching(/E_PG_UNREACHABLE/)),
    );
    await postgres.restart();
    await eventually(async () => expect((await daemon.status()).archive.failure).toBeNull());
  }
  await writer.stop();
  await settled(daemon);
}, 60_000);

test('Redis restarted with its data, in the middle of the work: everything arrives, and nothing went backwards', async () => {
  const daemon = await start();
  const writer = busyWriter(redis);
  const { port } = redis.server;
  for (let restart = 0; restart < 3; restart++) {
    const rounds = writer.rounds();
    await eventually(() => writer.rounds() > rounds + 20);
    await redis.server.stop();
    redis.server = await startRedis({ dataDir, persist: true, port });
    await eventually(async () => expect((await daemon.status()).archive.failure).toBeNull());
  }
  await writer.stop();
  await settled(daemon);
  const { incidents } = (await daemon.status()).archive;
  expect(incidents.filter(({ outage }) => outage === null)).toEqual([]);
}, 60_000);
