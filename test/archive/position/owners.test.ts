import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { busyWriter } from '../support/busy-writer';
import { daemonProcesses } from '../support/daemon-process';
import { inStep } from '../support/in-step';
import { asked, becomes, epochOf, incidents, startPair } from '../support/roles';

/** Several daemons on one stream: one writes, the others wait. */
const startProcess = daemonProcesses();
let redis: TestRedis;
let postgres: TestDatabase;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.renew();
});

const environment = () => ({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });

const pair = () => startPair(() => startProcess(environment()));

test('of two daemons one owns the stream and the other stands by, in order, and says whom it waits for', async () => {
  const { owner, standby } = await pair();
  const { owner: name } = await owner.archive();
  expect((await standby.archive()).owner).toBe(name);
  expect((await fetch(`${standby.url}/readyz`)).status).toBe(200);
  const version = await plainVersion(redis.client, await plainModel(redis.client));
  for (let n = 0; n < 20; n++) await plainPrediction(redis.client, version);
  await inStep({ redis, postgres }, owner.ended);
  expect((await standby.archive()).mirror.mirrored).toBe(0);
});

test('the standby takes over within ten seconds of a kill -9, and everything arrives once', async () => {
  const { owner, standby } = await pair();
  const before = await epochOf(postgres);
  const writer = busyWriter(redis);
  await eventually(() => writer.rounds() > 100);
  await owner.kill();
  await becomes(standby.archive, 'owner', 10_000);
  expect(await epochOf(postgres)).toBe(before + 1);
  await writer.stop();
  await inStep({ redis, postgres }, standby.ended);
  expect(await incidents(standby.archive)).toContainEqual(expect.stringMatching(/took over the stream from/));
});

test('a clean stop hands over at once', async () => {
  let owner = await startDaemon(environment());
  const writer = busyWriter(redis);
  for (let stop = 0; stop < 3; stop++) {
    const standby = await startDaemon(environment(), { awaitPass: false });
    await becomes(asked(standby), 'standby');
    await owner.stop();
    const stopped = Date.now();
    await becomes(asked(standby), 'owner', 5_000);
    expect(Date.now() - stopped).toBeLessThan(2_000);
    owner = standby;
  }
  await writer.stop();
  await inStep({ redis, postgres }, owner.running);
}, 40_000);

test('of five daemons that start together exactly one becomes the owner', async () => {
  const daemons = await Promise.all(
    Array.from({ length: 5 }, () => startDaemon(environment(), { awaitPass: false })),
  );
  const roles = async () =>
    (await Promise.all(daemons.map((one) => asked(one)()))).map(({ role }) => role).sort();
  await eventually(async () =>
    expect(await roles()).toEqual(['owner', 'standby', 'standby', 'standby', 'standby']),
  );
  expect(await epochOf(postgres)).toBe(1);
});
