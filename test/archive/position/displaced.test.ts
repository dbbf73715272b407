import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../../src/embedded/redis/redis';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { busyWriter } from '../support/busy-writer';
import { daemonProcesses } from '../support/daemon-process';
import { faultProxy, through } from '../support/fault-proxy';
import { inStep } from '../support/in-step';
import { asked, becomes, epochOf, incidents, startPair } from '../support/roles';

/** An owner that cannot give signs of life is replaced; when it can again, it finds out before it writes anything. */
const startProcess = daemonProcesses();
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-displaced-'));
let redis: TestRedis;
let postgres: TestDatabase;

beforeAll(async () => {
  redis = await testRedis({ dataDir, persist: true });
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.renew();
});

const environment = () => ({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });

const pair = () => startPair(() => startProcess(environment()));

test('an owner that was frozen in the middle of its work and displaced writes nothing more, and stands by', async () => {
  const { owner, standby } = await pair();
  const writer = busyWriter(redis);
  await eventually(() => writer.rounds() > 50);
  owner.child.kill('SIGSTOP');
  // Frozen inside a transaction it still holds the lock, until the standby ends its session.
  await becomes(standby.archive, 'owner');
  const taken = await epochOf(postgres);
  await writer.stop();
  owner.child.kill('SIGCONT');
  await becomes(owner.archive, 'standby');
  await inStep({ redis, postgres }, standby.ended);
  expect(await epochOf(postgres)).toBe(taken);
  expect((await standby.archive()).role).toBe('owner');
  // What the other one saw is read from Postgres, by and by.
  const [own, ...others] = (await incidents(owner.archive)).reverse();
  expect(own).toBe('another instance owns the stream');
  for (const other of others) expect(other).toMatch(/^took over the stream from/);
}, 40_000);

test('an owner displaced while Redis was restarted does not mislead its successor', async () => {
  const { owner, standby } = await pair();
  await plainModel(redis.client, { name: 'before' });
  await inStep({ redis, postgres }, owner.ended);
  owner.child.kill('SIGSTOP');
  await becomes(standby.archive, 'owner');
  const { port } = redis.server;
  await redis.server.stop();
  redis.server = await startRedis({ dataDir, persist: true, port });
  await eventually(async () => expect((await standby.archive()).failure).toBeNull());
  await plainModel(redis.client, { name: 'after' });
  await inStep({ redis, postgres }, standby.ended);
  // What the first one read last is trimmed by now.
  await eventually(async () => expect(await redis.client.xlen('millrace:changes')).toBe(1));
  const incarnation = await redis.client.get('millrace:archive:incarnation');
  owner.child.kill('SIGCONT');
  await becomes(owner.archive, 'standby');
  expect(await redis.client.get('millrace:archive:incarnation')).toBe(incarnation);
  expect(await incidents(standby.archive)).toEqual([expect.stringMatching(/^took over the stream from/)]);
}, 40_000);

test('an owner that Postgres no longer hears is replaced, and comes back as a standby', async () => {
  const { port } = new URL(postgres.url);
  const proxy = await faultProxy(Number(port));
  const first = await startDaemon({ ...environment(), POSTGRES_URL: through(proxy, postgres.url) });
  const second = await startDaemon(environment(), { awaitPass: false });
  await becomes(asked(second), 'standby');
  proxy.block();
  await becomes(asked(second), 'owner', 10_000);
  proxy.open();
  await becomes(asked(first), 'standby');
  const version = await plainVersion(redis.client, await plainModel(redis.client));
  await plainPrediction(redis.client, version);
  await inStep({ redis, postgres }, second.running);
});
