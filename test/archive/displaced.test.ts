import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../src/embedded/redis';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { busyWriter } from './support/busy-writer';
import { type DaemonProcess, daemonProcesses } from './support/daemon-process';
import { faultProxy, through } from './support/fault-proxy';
import { inStep } from './support/in-step';

/** An owner that cannot give signs of life is replaced; when it can again, it finds out before it writes anything. */
const startProcess = daemonProcesses();
const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-owners-'));
let redis: TestRedis;
let postgres: TestPostgres;

beforeAll(async () => {
  redis = await testRedis({ dataDir, persist: true });
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.query(
    'DROP SCHEMA IF EXISTS millrace CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public',
  );
});

const environment = () => ({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });

type Archive = Awaited<ReturnType<DaemonProcess['archive']>>;
type Asked = () => Promise<Archive>;
const asked =
  (daemon: TestDaemon): Asked =>
  async () =>
    (await daemon.status()).archive;
const becomes = (ask: Asked, role: Archive['role'], within = 10_000) =>
  eventually(async () => expect((await ask()).role).toBe(role), { within });
const epoch = async () =>
  Number((await postgres.query('SELECT epoch FROM millrace.checkpoint'))[0]?.['epoch']);
const incidents = async (ask: Asked) => (await ask()).incidents.map(({ what }) => what);

/** An owner and a standby, each a process of its own. */
async function startPair(ownerUrl = postgres.url): Promise<{ owner: DaemonProcess; standby: DaemonProcess }> {
  const owner = await startProcess({ ...environment(), POSTGRES_URL: ownerUrl });
  await becomes(owner.archive, 'owner');
  const standby = await startProcess(environment());
  await becomes(standby.archive, 'standby');
  return { owner, standby };
}

test('an owner that was frozen in the middle of its work and displaced writes nothing more, and stands by', async () => {
  const { owner, standby } = await startPair();
  const writer = busyWriter(redis);
  await eventually(() => writer.rounds() > 50);
  owner.child.kill('SIGSTOP');
  // Frozen inside a transaction it still holds the lock, until Postgres has lost its patience with it.
  await becomes(standby.archive, 'owner', 15_000);
  const taken = await epoch();
  await writer.stop();
  owner.child.kill('SIGCONT');
  await becomes(owner.archive, 'standby');
  await inStep({ redis, postgres }, standby.ended);
  expect(await epoch()).toBe(taken);
  expect((await standby.archive()).role).toBe('owner');
  expect(await incidents(owner.archive)).toEqual(['another instance owns the stream']);
}, 40_000);

test('an owner displaced while Redis was restarted does not mislead its successor', async () => {
  const { owner, standby } = await startPair();
  await plainModel(redis.client, { name: 'before' });
  await inStep({ redis, postgres }, owner.ended);
  owner.child.kill('SIGSTOP');
  await becomes(standby.archive, 'owner', 15_000);
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

