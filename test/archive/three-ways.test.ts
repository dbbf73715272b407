import { pack } from '../../src/archive/record/packed';
import { ModelStore } from '../../src/writer/model-store';
import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { type TestDatabase, testPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { busyWriter } from './support/busy-writer';
import { inStep } from './support/in-step';

/** The same record by value, by notification and by a full pass, at the same time. */
let redis: TestRedis;
let postgres: TestDatabase;
let store: ModelStore;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
  store = new ModelStore(redis.url);
});
beforeEach(async () => {
  await redis.client.flushall();
  await postgres.renew();
});
afterAll(() => store.close());

const start = (interval: string, mirror = 'on') =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: interval, MIRROR: mirror });

/** Says again, by value and by name, some of what the stream has said already: all of it would double with each turn. */
async function repeatEntries(): Promise<void> {
  const { client } = redis;
  for (const [, fields] of await client.xrangeBuffer('millrace:changes', '-', '+', 'COUNT', 300)) {
    for (let at = 0; at < fields.length; at += 2) {
      const [field, value] = [fields[at]?.toString() ?? '', fields[at + 1] ?? ''];
      await client.xadd('millrace:changes', '*', field, value);
      if (field === 'prediction=') {
        const id = /^(\d+) /.exec(value.toString('latin1'))?.[1] ?? '';
        const first = value.indexOf('\n') + 1;
        const name = value.toString('latin1', first, first + Number(id));
        await client.xadd('millrace:changes', '*', 'prediction', name);
      }
    }
  }
}

test('records seen by value, by notification, by a pass and once more land once', async () => {
  const daemon = await start('1');
  const passes = () => daemon.log.lines.filter(({ fields }) => fields['event'] === 'pass.done').length;
  const before = passes();
  const writer = busyWriter(redis);
  while (passes() < before + 4) {
    await repeatEntries();
    await daemon.status();
  }
  await writer.stop();
  expect(writer.acknowledged.length).toBeGreaterThan(100);
  await inStep({ redis, postgres }, daemon.running);
}, 90_000);

test('a notification that comes before its entry, or a pass that comes before both, makes no second row', async () => {
  const { client } = redis;
  const version = await plainVersion(client, await plainModel(client), { created_at: '2026-01-01T00:00:00' });
  const daemon = await start('3600');
  for (let round = 0; round < 30; round++) {
    const id = await plainPrediction(client, version, {
      timestamp: `2026-01-02T00:00:${String(round).padStart(2, '0')}`,
    });
    const timestamp = await client.hget(`aidb:prediction:${id}`, 'timestamp');
    // As the function library would have written it before the record, had it been slow.
    const values = [
      String(id),
      '2026-01-01T00:00:00',
      String(version),
      '{"x": 1}',
      '{"y": 2}',
      '0.9',
      '12.5',
      timestamp ?? '',
      '{}',
    ];
    await client.xadd('millrace:changes', '*', 'prediction=', pack(values));
    if (round % 10 === 0)
      await postgres.query('UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp()');
  }
  await inStep({ redis, postgres }, daemon.running);
});

test('a prediction that comes by value before its version, in the same page, waits no longer than the version', async () => {
  const { client } = redis;
  const model = await plainModel(client);
  const daemon = await start('3600', 'off');
  // By then it has counted the parked records, and found none.
  const [began] = await postgres.query('SELECT clock_timestamp()::text AS at');
  await eventually(async () =>
    expect(
      await postgres.query("SELECT FROM millrace.checkpoint WHERE heartbeat > $1::timestamptz + '1 s'", [
        began?.['at'],
      ]),
    ).toHaveLength(1),
  );
  const version = 7;
  const created = '2026-01-01T00:00:00.000001';
  const prediction = {
    id: '1',
    model_version_id: '7',
    input: '{}',
    output: '{}',
    timestamp: created,
    metadata: '{}',
  };
  const packed = pack(['1', undefined, String(version), '{}', '{}', '0', '0', created, '{}']);
  await client
    .multi()
    .xadd('millrace:changes', '*', 'prediction=', packed)
    .hset('aidb:prediction:1', { ...prediction, confidence: '0', inference_time_ms: '0' })
    .hset(`aidb:version:${version}`, { id: version, model_id: model, version: 'late', created_at: created })
    .xadd('millrace:changes', '*', 'version', String(version))
    .exec();
  await eventually(
    async () => expect(await postgres.query('SELECT redis_id FROM predictions')).toEqual([{ redis_id: '1' }]),
    { alive: daemon.running },
  );
  await inStep({ redis, postgres }, daemon.running);
});
