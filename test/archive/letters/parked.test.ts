import { ArchiveSink } from '../../../src/archive/apply/sink';
import { Batch } from '../../../src/archive/batch/batch';
import { Parked } from '../../../src/archive/letters/parked';
import { Checkpoint } from '../../../src/archive/position/checkpoint';
import { findTargets } from '../../../src/archive/schema/preparation';
import { TruthReader } from '../../../src/archive/truth/truth';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { parsePostgresUrl } from '../../../src/connections/postgres/postgres-url';
import { RedisConnection } from '../../../src/connections/redis';
import { loadConfig } from '../../../src/config/load';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { kinds } from '../../support/nine-kinds';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { faultProxy, through } from '../support/fault-proxy';

let redis: TestRedis;
let postgres: TestDatabase;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
  await postgres.renew();
});

test('a record that was parked is looked for among the letters also when the reply to the commit is lost', async () => {
  const proxy = await faultProxy(Number(new URL(postgres.url).port));
  const target = parsePostgresUrl(through(proxy, postgres.url));
  if (typeof target === 'string') throw new Error(target);
  const connection = new PostgresConnection(target, 'test');
  const source = new RedisConnection(loadConfig({ REDIS_URL: redis.url }).redis, 'test');
  try {
    await source.connect();
    const checkpoint = new Checkpoint(connection);
    await checkpoint.claim();
    const parked = new Parked(connection);
    const sink = new ArchiveSink({
      ...{ postgres: connection, checkpoint, parked, onDelete: 'keep', strategies: { default: 'skip' } },
      truth: new TruthReader(source, aiRegistry),
      targets: await findTargets(connection, aiRegistry),
    });
    await parked.look();
    expect(parked.possible).toBe(false);
    const batch = new Batch();
    batch.add({ kind: kinds.model, id: Buffer.from('1'), parents: [], values: [] }); // no name, no time
    proxy.swallowReplyTo('COMMIT\0'); // not READ COMMITTED
    await expect(sink.apply(batch, '1-0', false)).rejects.toThrow();
    expect(await postgres.query('SELECT kind, code FROM millrace.dead_letters')).toEqual([
      { kind: 'model', code: '23502' },
    ]);
    expect(parked.possible).toBe(true);
  } finally {
    connection.close();
    source.close();
  }
});
