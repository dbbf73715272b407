import type * as Confirm from '../../../src/archive/retention/confirmation';
import { startCli } from '../../support/cli';
import { eventually } from '../../support/eventually';
import { plainMetric, plainModel, plainPrediction, plainRun, plainVersion } from '../../support/plain-writer';
import { temporaryFolder } from '../../support/temporary-folder';
import { useArchive } from '../support/archive';
import { faultProxy, through } from '../support/fault-proxy';
import { daysAgo, predictionsIn, retain } from '../support/retention';

/** Called between the comparison in Postgres and the removal from Redis. */
let between: (() => Promise<unknown>) | undefined;
jest.mock('../../../src/archive/retention/confirmation', () => {
  const real = jest.requireActual<typeof Confirm>('../../../src/archive/retention/confirmation');
  return {
    ...real,
    confirmEqual: async (...args: Parameters<typeof Confirm.confirmEqual>) => {
      const confirmed = await real.confirmEqual(...args);
      await between?.();
      return confirmed;
    },
  };
});
afterEach(() => {
  between = undefined;
});

const archive = useArchive();
const { start, lines } = archive;
const folder = temporaryFolder();
const policy = { prediction: 90, metric: 90 };
const run = () => retain({ environment: archive.environment(), policy });

async function archiveAll(): Promise<void> {
  const daemon = await start();
  await eventually(async () => expect(await archive.differences()).toEqual({}), { alive: daemon.running });
  await daemon.stop();
}

async function writeParents(): Promise<{ version: number; over: number }> {
  const { client } = archive.redis;
  const created_at = daysAgo(300);
  const version = await plainVersion(client, await plainModel(client, { created_at }), { created_at });
  const over = await plainRun(client, version, { status: 'completed', started_at: created_at });
  return { version, over };
}

/** Old predictions and metrics, many, archived. */
async function writeMany(predictions: number, metrics: number): Promise<void> {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  const pipeline = client.pipeline();
  for (let id = 1; id <= predictions; id++) {
    const timestamp = daysAgo(200, String(id).padStart(6, '0'));
    pipeline.hset(`aidb:prediction:${id}`, { id, model_version_id: version, input: `[${id}]`, timestamp });
    pipeline.zadd(`aidb:idx:predictions:${version}`, -id, id);
  }
  for (let n = 0; n < metrics; n++) {
    const member = `{"epoch": ${n}, "step": null, "metric_name": "m${n % 40}", "metric_value": 0.5, "split": "train", "timestamp": "${daysAgo(200)}"}`;
    pipeline.zadd(`aidb:metric:${over}:m${n % 40}:train`, n, member);
  }
  await pipeline.exec();
  await archiveAll();
}

/** The invariant: whatever is no longer in Redis is in Postgres, and no hash is without its index entry or the other way round. */
async function expectNothingLost(predictions: number, metrics: number): Promise<{ left: number }> {
  const { client } = archive.redis;
  const { hashes, indexed } = await predictionsIn(client);
  const [stored] = await lines(
    `SELECT count(*) FROM generate_series(1, $1::int) n WHERE n = ANY ($2::int[]) OR
     EXISTS (SELECT FROM predictions WHERE redis_id = n AND input_data::text = '[' || n || ']')`,
    [predictions, hashes],
  );
  expect(stored).toBe(String(predictions));
  expect(await lines('SELECT count(*) FROM metrics')).toEqual([String(metrics)]);
  expect(indexed).toEqual(hashes);
  return { left: hashes.length };
}

describe('what changes between the comparison and the removal stays', () => {
  const key = 'aidb:prediction:1';
  const changes: Record<string, () => Promise<unknown>> = {
    'a field': () => archive.redis.client.hset(key, 'output', '{"y": 3}'),
    'a field more': () => archive.redis.client.hset(key, 'note', ''),
    'a field less': () => archive.redis.client.hdel(key, 'metadata'),
    'another hash': () =>
      archive.redis.client
        .multi()
        .del(key)
        .hset(key, { id: '1', timestamp: daysAgo(1) })
        .exec(),
    'another type': () => archive.redis.client.set(key, 'text'),
    'another version under its id': () =>
      archive.redis.client.hset('aidb:version:1', 'created_at', daysAgo(299)),
    'an index of another type': () => archive.redis.client.set('aidb:idx:predictions:1', 'text'),
  };
  test.each(Object.keys(changes))('%s', async (what) => {
    const { client } = archive.redis;
    const { version } = await writeParents();
    await plainPrediction(client, version, { timestamp: daysAgo(200) });
    await archiveAll();
    between = changes[what];
    const report = await run();
    expect(report.kinds.prediction).toMatchObject({
      removed: 0,
      kept: { changed: { count: 1, examples: [key] } },
    });
    expect(await client.pttl(key)).toBe(-1);
    if (what !== 'an index of another type')
      expect(await client.zrange(`aidb:idx:predictions:${version}`, 0, -1)).toEqual(['1']);
  });

  test('a run that goes on again, with all its points; a point that comes, or gets another place', async () => {
    const { client } = archive.redis;
    const { over } = await writeParents();
    const metric = `aidb:metric:${over}:loss:train`;
    await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
    await plainMetric(client, over, { epoch: 2, timestamp: daysAgo(200) });
    await archiveAll();
    between = () => client.hset(`aidb:run:${over}`, 'status', 'running');
    expect((await run()).kinds.metric).toMatchObject({ removed: 0, kept: { changed: { count: 2 } } });
    await client.hset(`aidb:run:${over}`, 'status', 'completed');
    const [first = ''] = await client.zrange(metric, 0, 0);
    between = async () => {
      await client.zadd(metric, 7, first);
      await plainMetric(client, over, { epoch: 3, timestamp: daysAgo(200) });
    };
    expect((await run()).kinds.metric).toMatchObject({ removed: 1, kept: { changed: { count: 1 } } });
    const left = await client.zrange(metric, 0, -1, 'WITHSCORES');
    expect(left.filter((_part, index) => index % 2 === 1)).toEqual(['3', '7']);
  });
});

test('connections that break anywhere lose nothing, and the next run goes on', async () => {
  await writeMany(4_000, 2_000);
  const toPostgres = await faultProxy(Number(new URL(archive.postgres.url).port));
  const toRedis = await faultProxy(Number(new URL(archive.redis.url).port));
  const environment = archive.environment({
    POSTGRES_URL: through(toPostgres, archive.postgres.url),
    REDIS_URL: through(toRedis, archive.redis.url),
  });
  const faults = [
    () => {
      toPostgres.cutAfterSent('millrace.retention AS r', 40);
    },
    () => {
      toPostgres.swallowReplyTo('COMMIT');
    },
    () => {
      toRedis.cutAfterReceived(150_000);
    },
    () => {
      toPostgres.cutAfterReceived(300); // of what is equal it says little
    },
    () => {
      toRedis.cutAfterSent('aidb:idx:predictions:1', 5_000);
    },
    () => {
      toRedis.swallowReplyTo('aidb:idx:predictions:1');
    },
    () => {
      toPostgres.cutAfterSent('FROM metrics', 10);
    },
    () => {
      toRedis.cutAfterReceived(400_000);
    },
  ];
  let failures = 0;
  for (const fault of faults) {
    between = async () => {
      between = undefined;
      fault();
      await Promise.resolve();
    };
    await retain({ environment, policy }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: expect.stringMatching(/^E_(PG|REDIS)/) as string });
      failures++;
    });
    await eventually(() => expectNothingLost(4_000, 2_000));
  }
  expect(failures).toBeGreaterThan(4);
  await run();
  await eventually(async () =>
    expect(await predictionsIn(archive.redis.client)).toEqual({ hashes: [], indexed: [] }),
  );
  expect(await archive.redis.client.keys('aidb:metric:*')).toEqual([]);
  expect((await expectNothingLost(4_000, 2_000)).left).toBe(0);
});

test('kill -9 of the verb midway loses nothing, and its next run goes on', async () => {
  await writeMany(6_000, 0);
  const { client } = archive.redis;
  const environment = archive.environment({ RETENTION_DAYS: '90' });
  let interrupted = 0;
  for (const limit of [5_900, 3_500]) {
    const verb = startCli(['retention'], environment, folder);
    const underWay = async () => (await client.zcard('aidb:idx:predictions:1')) < limit;
    await Promise.race([verb.ended, eventually(underWay, { within: 20_000 })]);
    verb.child.kill('SIGKILL');
    if ((await verb.ended).code === null) interrupted++;
    await eventually(() => expectNothingLost(6_000, 0));
  }
  expect(interrupted).toBeGreaterThan(0);
  const { code, output } = await startCli(['retention'], environment, folder).ended;
  expect({ code, output }).toMatchObject({ code: 0 });
  await eventually(async () => expect(await predictionsIn(client)).toEqual({ hashes: [], indexed: [] }));
  expect((await expectNothingLost(6_000, 0)).left).toBe(0);
}, 60_000);

test('a second instance that removes what a first has compared removes it once, and the first says it changed', async () => {
  await writeMany(300, 40);
  let second: Awaited<ReturnType<typeof run>> | undefined;
  between = async () => {
    between = undefined;
    second = await run();
  };
  const first = await run();
  const removed = (kind: 'prediction' | 'metric') =>
    [first, second].map((report) => report?.kinds[kind]?.removed ?? 0);
  expect([removed('prediction'), removed('metric')]).toEqual([
    [0, 300],
    [0, 40],
  ]);
  expect(first.kinds.prediction?.kept.changed?.count).toBe(300);
  await eventually(async () =>
    expect(await predictionsIn(archive.redis.client)).toEqual({ hashes: [], indexed: [] }),
  );
  expect((await expectNothingLost(300, 40)).left).toBe(0);
});
