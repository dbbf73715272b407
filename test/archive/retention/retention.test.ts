import fc from 'fast-check';
import { eventually } from '../../support/eventually';
import {
  plainDataset,
  plainExperiment,
  plainExprun,
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { daysAgo, dumps, predictionsIn, retain } from '../support/retention';

const archive = useArchive();
const { start, lines, letters } = archive;
const policy = { prediction: 90, metric: 90 };
const run = (more: Partial<Parameters<typeof retain>[0]> = {}) =>
  retain({ environment: archive.environment(), policy, ...more });

/** Archives what is in Redis. */
async function archiveAll(): Promise<void> {
  const daemon = await start();
  await eventually(async () => expect(await archive.differences()).toEqual({}), { alive: daemon.running });
  await daemon.stop();
}

async function writeParents(): Promise<{ version: number; over: number; going: number }> {
  const { client } = archive.redis;
  const created = daysAgo(300);
  const version = await plainVersion(client, await plainModel(client, { created_at: created }), {
    created_at: created,
  });
  const over = await plainRun(client, version, {
    status: 'completed',
    started_at: created,
    completed_at: daysAgo(200),
  });
  const going = await plainRun(client, version, { started_at: created });
  return { version, over, going };
}

test('old predictions and points of finished runs leave Redis with their index entries; everything else stays as it is', async () => {
  const { client } = archive.redis;
  const { version, over, going } = await writeParents();
  await plainDataset(client, { created_at: daysAgo(300) });
  await plainHyperparams(client, over, { lr: '0.1' });
  await plainExprun(client, await plainExperiment(client, { created_at: daysAgo(300) }), over);
  const old = await plainPrediction(client, version, { timestamp: daysAgo(91) });
  const young = await plainPrediction(client, version, { timestamp: daysAgo(89) });
  const unindexed = await plainPrediction(client, version, { timestamp: daysAgo(400) });
  await client.zrem(`aidb:idx:predictions:${version}`, String(unindexed));
  await client.zadd(`aidb:idx:predictions:${version}`, '-1', '999'); // being written, or never was
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(250) });
  await plainMetric(client, over, { epoch: 2, timestamp: daysAgo(89) });
  await plainMetric(client, over, { name: 'acc', split: 'a:b', timestamp: daysAgo(250) });
  await plainMetric(client, going, { epoch: 1, timestamp: daysAgo(250) });
  await archiveAll();
  const before = await dumps(client);
  const rows = await lines('SELECT * FROM predictions ORDER BY id');
  const points = await lines('SELECT * FROM metrics ORDER BY id');

  const would = await run({ dryRun: true });
  expect(await dumps(client)).toEqual(before);
  expect(await lines('SELECT count(*) FROM millrace.retention')).toEqual(['0']);
  const report = await run();

  expect(report).toMatchObject({
    complete: true,
    kinds: { prediction: { removed: 2 }, metric: { removed: 2 } },
  });
  expect(would.kinds).toEqual({
    prediction: { ...report.kinds.prediction, before: expect.any(String) as string },
    metric: { ...report.kinds.metric, before: expect.any(String) as string },
  });
  expect(report.kinds.metric?.kept).toEqual({
    running: { count: 1, examples: [`aidb:metric:${going}:loss:train`] },
  });
  await eventually(async () => (await client.exists(`aidb:prediction:${old}`)) === 0);
  expect(await predictionsIn(client)).toEqual({ hashes: [young], indexed: [young, 999] });
  expect(await client.zrange(`aidb:metric:${over}:loss:train`, 0, -1)).toHaveLength(1);
  const changed = ['aidb:prediction:', 'aidb:idx:predictions:', `aidb:metric:${over}:`];
  const others = (all: Record<string, string>) =>
    Object.entries(all).filter(([key]) => !changed.some((prefix) => key.startsWith(prefix)));
  expect(others(await dumps(client))).toEqual(others(before));
  expect(await lines('SELECT * FROM predictions ORDER BY id')).toEqual(rows);
  expect(await lines('SELECT * FROM metrics ORDER BY id')).toEqual(points);
});

test('whatever stands around the limit: what is older goes, what is younger or from the future stays', async () => {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  const minutes = [
    ...fc.sample(fc.integer({ min: -3_000, max: 3_000 }), { numRuns: 600, seed: 7 }),
    -999_999,
  ];
  const older: number[] = [];
  const younger: number[] = [];
  const zones = ['', 'Z', '+00:00'];
  const members = new Map<string, boolean>();
  for (const [index, minute] of minutes.entries()) {
    if (minute === 0) continue;
    const timestamp = `${daysAgo(90 + minute / 1_440)}${zones[index % 3] ?? ''}`;
    (minute > 0 ? older : younger).push(await plainPrediction(client, version, { timestamp }));
    await plainMetric(client, over, { epoch: index, timestamp });
    members.set(timestamp, minute > 0);
  }
  await archiveAll();
  await run();
  await eventually(async () =>
    expect(await predictionsIn(client)).toEqual({ hashes: younger, indexed: younger }),
  );
  const left = await client.zrange(`aidb:metric:${over}:loss:train`, 0, -1);
  expect(left).toHaveLength(younger.length);
  for (const member of left)
    expect(members.get((JSON.parse(member) as { timestamp: string }).timestamp)).toBe(false);
  expect(await lines('SELECT count(*) FROM predictions')).toEqual([String(older.length + younger.length)]);
  expect(await archive.differences()).toEqual({});
});

test('what Postgres lacks, has otherwise, or has no place for stays, and the report says why', async () => {
  const { client } = archive.redis;
  const { postgres } = archive;
  const { version, over } = await writeParents();
  const write = (fields: Record<string, string> = {}) =>
    plainPrediction(client, version, { timestamp: daysAgo(200), ...fields });
  const ids = {
    missing: await write(),
    json: await write(),
    value: await write(),
    parent: await write(),
    extra: await write({ note: 'of the application' }),
    otherId: await write({ id: '77' }),
    numbers: await write({ confidence: '0.25' }),
    noTime: await write(),
    equal: await write({ confidence: '0.0', input: '{"a":  1e-07}' }),
  };
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  await client.zadd(
    `aidb:metric:${over}:loss:train`,
    'XX',
    5,
    (await client.zrange(`aidb:metric:${over}:loss:train`, 0, 0))[0] ?? '',
  );
  await plainMetric(client, over, { name: 'acc', epoch: 1, timestamp: daysAgo(200) });
  await archiveAll();
  await client.hset(`aidb:prediction:${ids.noTime}`, 'timestamp', 'yesterday');
  await postgres.query('DELETE FROM predictions WHERE redis_id = $1', [ids.missing]);
  await postgres.query(`UPDATE predictions SET input_data = '{"x":1}' WHERE redis_id = $1`, [ids.json]);
  await postgres.query('UPDATE predictions SET confidence = NULL WHERE redis_id = $1', [ids.value]);
  await postgres.query('UPDATE predictions SET model_version_id = NULL WHERE redis_id = $1', [ids.parent]);
  await postgres.query(`UPDATE metrics SET metric_value = 7 WHERE metric_name = 'acc'`);
  const report = await run();
  const key = (id: number) => `aidb:prediction:${id}`;
  expect(report.kinds.prediction).toMatchObject({ removed: 2 });
  expect(report.kinds.prediction?.kept).toEqual({
    missing: { count: 1, examples: [key(ids.missing)] },
    differs: {
      count: 3,
      examples: expect.arrayContaining([ids.json, ids.value, ids.parent].map(key)) as string[],
    },
    extra: { count: 2, examples: expect.arrayContaining([ids.extra, ids.otherId].map(key)) as string[] },
    unfit: { count: 1, examples: [key(ids.noTime)] },
  });
  expect(report.kinds.metric).toMatchObject({ removed: 0 });
  expect(report.kinds.metric?.kept).toMatchObject({
    extra: { examples: [`aidb:metric:${over}:loss:train`] },
    differs: { examples: [`aidb:metric:${over}:acc:train`] },
  });
  const { equal, numbers, ...staying } = ids;
  await eventually(async () => expect(await client.exists(key(equal), key(numbers))).toBe(0));
  expect((await predictionsIn(client)).hashes).toEqual(Object.values(staying));
});

test('a parked record stays, and so does one whose version Redis no longer has', async () => {
  const { client } = archive.redis;
  const { version } = await writeParents();
  const parked = await plainPrediction(client, version, { timestamp: daysAgo(200) });
  const orphan = await plainPrediction(
    client,
    await plainVersion(client, 1, { version: '2', created_at: daysAgo(300) }),
    {
      timestamp: daysAgo(200),
    },
  );
  await archiveAll();
  await archive.postgres.query(
    `INSERT INTO millrace.dead_letters (digest, kind, key, redis_key, code, message) VALUES (gen_random_uuid(), 'prediction', 'x', $1, 'X', 'x')`,
    [Buffer.from(`aidb:prediction:${parked}`)],
  );
  await client.del('aidb:version:2');
  expect((await run()).kinds.prediction?.kept).toEqual({
    parked: { count: 1, examples: [`aidb:prediction:${parked}`] },
    parent: { count: 1, examples: [`aidb:prediction:${orphan}`] },
  });
  expect((await predictionsIn(client)).hashes).toEqual([parked, orphan]);
});

test('columns that hold less than Redis does keep their records in Redis', async () => {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  const exact = await plainPrediction(client, version, {
    timestamp: daysAgo(200),
    confidence: '0.5',
    inference_time_ms: '2.5',
  });
  const rounded = await plainPrediction(client, version, {
    timestamp: daysAgo(200, '123457'),
    confidence: '0.123456789',
  });
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  await archiveAll();
  await archive.postgres.query(
    'ALTER TABLE predictions ALTER confidence TYPE real, ALTER inference_time_ms TYPE numeric(5, 2), ALTER output_data TYPE jsonb',
  );
  const report = await run();
  expect(report.kinds.prediction).toMatchObject({ removed: 1, kept: { differs: { count: 1 } } });
  await eventually(async () => expect((await predictionsIn(client)).hashes).toEqual([rounded]));
  expect(await client.exists(`aidb:prediction:${exact}`)).toBe(0);
});

test('old records that come back with an older snapshot of Redis are removed again, and are in Postgres once', async () => {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  const id = await plainPrediction(client, version, { timestamp: daysAgo(200) });
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  await archiveAll();
  const hash = await client.dumpBuffer(`aidb:prediction:${id}`);
  const series = await client.dumpBuffer(`aidb:metric:${over}:loss:train`);
  await run();
  await eventually(async () => (await client.exists(`aidb:prediction:${id}`)) === 0);
  await client.restore(`aidb:prediction:${id}`, 0, hash);
  await client.restore(`aidb:metric:${over}:loss:train`, 0, series);
  const daemon = await start({ RETENTION_DAYS: '90' });
  await eventually(async () => expect(await client.keys('aidb:prediction:*')).toEqual([]), {
    alive: daemon.running,
  });
  await eventually(async () => expect(await client.keys('aidb:metric:*')).toEqual([]), {
    alive: daemon.running,
  });
  expect(await lines('SELECT (SELECT count(*) FROM predictions), (SELECT count(*) FROM metrics)')).toEqual([
    '1|1',
  ]);
  expect(await letters()).toEqual([]);
});

test('a Redis that is full can be emptied', async () => {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  await plainPrediction(client, version, { timestamp: daysAgo(200) });
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  await archiveAll();
  await client.config('SET', 'maxmemory', '1');
  try {
    await expect(client.set('more', 'x')).rejects.toThrow('OOM');
    expect((await run()).kinds).toMatchObject({ prediction: { removed: 1 }, metric: { removed: 1 } });
  } finally {
    await client.config('SET', 'maxmemory', '0');
  }
});

test('a run that is going on again keeps its points', async () => {
  const { client } = archive.redis;
  const { over } = await writeParents();
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  await archiveAll();
  await client.hset(`aidb:run:${over}`, 'status', 'running');
  expect((await run()).kinds.metric).toMatchObject({ removed: 0, kept: { running: { count: 1 } } });
});

test('a long metric goes page by page, and only what is old of it', async () => {
  const { client } = archive.redis;
  const { over } = await writeParents();
  const pipeline = client.pipeline();
  for (let epoch = 0; epoch < 3_500; epoch++) {
    const timestamp = daysAgo(epoch % 7 === 3 ? 10 : 200);
    const member = `{"epoch": ${epoch}, "step": null, "metric_name": "loss", "metric_value": 0.5, "split": "train", "timestamp": "${timestamp}"}`;
    pipeline.zadd(`aidb:metric:${over}:loss:train`, epoch, member);
  }
  await pipeline.exec();
  await archiveAll();
  const would = await run({ dryRun: true });
  const report = await run();
  expect([would.kinds.metric?.removed, report.kinds.metric?.removed]).toEqual([3_000, 3_000]);
  expect(await client.zcard(`aidb:metric:${over}:loss:train`)).toBe(500);
});
