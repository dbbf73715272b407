import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { plainMetric, plainModel, plainPrediction, plainRun, plainVersion } from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { caughtUp } from '../support/in-step';
import { daysAgo, predictionsIn, retain } from '../support/retention';

const archive = useArchive();
const { start, lines, becomes, letters } = archive;
const counts = 'SELECT (SELECT count(*) FROM predictions), (SELECT count(*) FROM metrics)';

/** @returns version and finished run */
async function writeParents(): Promise<{ version: number; over: number }> {
  const { client } = archive.redis;
  const created_at = daysAgo(300);
  const version = await plainVersion(client, await plainModel(client, { created_at }), { created_at });
  const over = await plainRun(client, version, { status: 'failed', started_at: created_at });
  return { version, over };
}

/** As the events of Redis 7.0 do once in two thousand times: see retention-remove-predictions.lua. */
const sayDeleted = (key: string) => archive.redis.client.publish(`__keyspace@0__:${key}`, 'del');

describe('a daemon that mirrors, with ON_DELETE=delete', () => {
  test('keeps in Postgres every row of what the verb removes beside it', async () => {
    const { client } = archive.redis;
    const { version, over } = await writeParents();
    const daemon = await start({ ON_DELETE: 'delete' });
    const ids: number[] = [];
    for (let n = 0; n < 50; n++) {
      ids.push(await plainPrediction(client, version, { timestamp: daysAgo(200) }));
      await plainMetric(client, over, { epoch: n, name: n % 2 ? 'loss' : 'acc', timestamp: daysAgo(200) });
    }
    await becomes(counts, ['50|50']);
    const events: string[] = [];
    const listener = client.duplicate();
    listener.on('pmessage', (_pattern, channel: string, event: string) => events.push(`${channel} ${event}`));
    await listener.psubscribe('__keyspace@0__:aidb:*');
    const report = await retain({
      environment: archive.environment(),
      policy: { prediction: 90, metric: 90 },
    });
    expect(report.kinds).toMatchObject({ prediction: { removed: 50 }, metric: { removed: 50 } });
    await eventually(async () => expect(await client.keys('aidb:prediction:*')).toEqual([]));
    // All of what Redis may say: that a metric was deleted when its last point goes, and at times that a prediction was.
    expect(await client.exists(`aidb:metric:${over}:loss:train`, `aidb:metric:${over}:acc:train`)).toBe(0);
    await eventually(() => expect(events).toContain(`__keyspace@0__:aidb:metric:${over}:loss:train del`));
    for (const id of ids) await sayDeleted(`aidb:prediction:${id}`);
    await sayDeleted(`aidb:metric:${over}:acc:train`);
    await plainModel(client, { name: 'last' });
    await becomes(`SELECT count(*) FROM models WHERE name = 'last'`, ['1']);
    await caughtUp(archive, daemon.running);
    listener.disconnect();
    await archive.pass(daemon);
    expect(await lines(counts)).toEqual(['50|50']);
    expect(await letters()).toEqual([]);
  });

  test('still follows the deletion of what is young', async () => {
    const { client } = archive.redis;
    const { version, over } = await writeParents();
    await start({ ON_DELETE: 'delete', RETENTION_DAYS: '90' });
    await plainPrediction(client, version, { timestamp: daysAgo(200) });
    const young = await plainPrediction(client, version, { timestamp: daysAgo(2) });
    await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
    await plainMetric(client, over, { epoch: 2, timestamp: daysAgo(2) });
    await becomes(counts, ['2|2']);
    await retain({ environment: archive.environment(), policy: { prediction: 90, metric: 90 } });
    await eventually(async () => expect((await predictionsIn(client)).hashes).toEqual([young]));
    await client.del(`aidb:prediction:${young}`, `aidb:metric:${over}:loss:train`);
    await becomes(counts, ['1|1']);
  });

  test('keeps the younger rows of a metric whose younger points the application took out one by one', async () => {
    const { client } = archive.redis;
    const { over } = await writeParents();
    const daemon = await start({ ON_DELETE: 'delete' });
    const key = `aidb:metric:${over}:loss:train`;
    await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
    await plainMetric(client, over, { epoch: 2, timestamp: daysAgo(2) });
    await becomes(counts, ['0|2']);
    await client.zremrangebyscore(key, 2, 2);
    const report = await retain({ environment: archive.environment(), policy: { metric: 90 } });
    expect(report.kinds.metric).toMatchObject({ removed: 0, kept: { last: { count: 1, examples: [key] } } });
    await caughtUp(archive, daemon.running);
    await archive.pass(daemon);
    expect(await lines(counts)).toEqual(['0|2']);
  });
});

test('the daemon removes by itself after a full pass, says so, follows fresh writes meanwhile, and loses no row with ON_DELETE=delete', async () => {
  const { client } = archive.redis;
  const { version, over } = await writeParents();
  const pipeline = client.pipeline();
  for (let id = 1; id <= 5_000; id++) {
    const timestamp = daysAgo(200, String(id).padStart(6, '0'));
    pipeline.hset(`aidb:prediction:${id}`, { id, model_version_id: version, input: '{}', timestamp });
  }
  await pipeline.exec();
  await plainMetric(client, over, { epoch: 1, timestamp: daysAgo(200) });
  const daemon = await start({ RETENTION_DAYS: '90', ON_DELETE: 'delete' });
  const done = () => daemon.log.lines.find(({ fields }) => fields['event'] === 'retention.done');
  let id = 9_001;
  for (; done() === undefined; id++) {
    const timestamp = daysAgo(0, String(id).padStart(6, '0'));
    await client.hset(`aidb:prediction:${id}`, { id, model_version_id: version, input: '{}', timestamp });
    await becomes(`SELECT count(*) FROM predictions WHERE redis_id = ${id}`, ['1']);
  }
  expect(done()?.fields).toMatchObject({
    removed: { prediction: 5_000, metric: 1 },
    kept: { prediction: 0, metric: 0 },
  });
  expect(await client.exists(`aidb:metric:${over}:loss:train`)).toBe(0);
  const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
  expect(metrics).toContain('millrace_retention_removed_total{kind="prediction"} 5000');
  await eventually(async () =>
    expect(await client.exists('aidb:prediction:1', 'aidb:prediction:5000')).toBe(0),
  );
  await caughtUp(archive, daemon.running);
  expect((await archive.pass(daemon)).differences).toEqual({});
  expect(await lines(counts)).toEqual([`${5_000 + id - 9_001}|1`]);
});

test('nothing is removed where RETENTION_DAYS is not set', async () => {
  const { client } = archive.redis;
  const { version } = await writeParents();
  const id = await plainPrediction(client, version, { timestamp: daysAgo(20_000) });
  const daemon = await start();
  await archive.pass(daemon);
  await archive.pass(daemon);
  expect(await client.exists(`aidb:prediction:${id}`)).toBe(1);
  expect(await lines('SELECT count(*) FROM millrace.retention')).toEqual(['0']);
});

test('nothing is removed while the archive is paused', async () => {
  const { client } = archive.redis;
  const { version } = await writeParents();
  const first = await start();
  const id = await plainPrediction(client, version, { timestamp: daysAgo(200) });
  await becomes('SELECT count(*) FROM predictions', ['1']);
  await first.control.pause('archive', 'somebody');
  await first.stop();
  const daemon = await startDaemon(archive.environment({ RETENTION_DAYS: '90' }), { awaitPass: false });
  await eventually(async () => expect((await daemon.status()).archive.paused).toBeTruthy());
  expect(await client.exists(`aidb:prediction:${id}`)).toBe(1);
  await daemon.control.resume('archive');
  await eventually(async () => expect(await client.exists(`aidb:prediction:${id}`)).toBe(0));
});

test('a Postgres that refuses makes retention wait, and nothing else', async () => {
  const { client } = archive.redis;
  const { version } = await writeParents();
  const first = await start();
  const id = await plainPrediction(client, version, { timestamp: daysAgo(200) });
  await becomes('SELECT count(*) FROM predictions', ['1']);
  await first.stop();
  await archive.postgres.query(
    `CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
     CREATE TRIGGER no BEFORE INSERT ON millrace.retention EXECUTE FUNCTION no()`,
  );
  const daemon = await start({ RETENTION_DAYS: '90' });
  await eventually(() => daemon.log.lines.some(({ fields }) => fields['event'] === 'retention.failed'));
  await plainPrediction(client, version);
  await becomes('SELECT count(*) FROM predictions', ['2']);
  expect(await client.exists(`aidb:prediction:${id}`)).toBe(1);
  expect((await daemon.status()).troubles).toEqual([]);
  await archive.postgres.query('DROP TRIGGER no ON millrace.retention');
  await archive.pass(daemon);
  await eventually(async () => expect(await client.exists(`aidb:prediction:${id}`)).toBe(0));
});
