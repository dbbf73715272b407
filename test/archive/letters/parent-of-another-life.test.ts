import { ModelStore } from '../../../src/writer/model-store';
import { startDaemon } from '../../support/daemon';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';

let redis: TestRedis;
let postgres: TestDatabase;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});

test('a record whose parent is gone, and whose id is that of another one by now, is tried once a pass, and not for ever', async () => {
  const { client, url } = redis;
  const start = () => startDaemon({ REDIS_URL: url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' });
  await (await start()).stop(); // its functions stay
  const store = new ModelStore(client);
  const modelId = await store.createModel({ name: 'model' });
  const version = await store.createModelVersion({ modelId, version: 'one' });
  const id = await store.logPrediction({ modelVersionId: version, input: { n: 1 }, output: {} });
  await client.unlink(`aidb:prediction:${id}`); // the stream alone has it, with its version's time
  // As after a flush: the number is that of another version, and the first one has never been seen.
  await client.hset(`aidb:version:${version}`, { version: 'two', created_at: '2031-01-02T03:04:05.678901' });
  const daemon = await start();
  for (let n = 0; n < 3; n++) await daemon.control.reconcile('archive');
  const [letter, ...others] = await postgres.query(
    'SELECT kind, code, attempts, due FROM millrace.dead_letters',
  );
  expect(letter).toMatchObject({ kind: 'prediction', code: 'E_PARENT', due: false });
  expect(letter?.['attempts']).toBeLessThanOrEqual(6); // of the stream, when 'two' came, and of each of the passes
  expect(others).toEqual([]);
  expect(await postgres.query('SELECT version FROM model_versions')).toEqual([{ version: 'two' }]);
}, 60_000);
