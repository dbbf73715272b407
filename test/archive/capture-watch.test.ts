import { CaptureWatch } from '../../src/archive/capture-watch';
import { incarnationKey } from '../../src/archive/position/redis-facts';
import { Trimming } from '../../src/archive/tail/trim';
import { startRedis } from '../../src/embedded/redis/redis';
import { RedisConnection } from '../../src/connections/redis';
import { redisTarget } from '../../src/connections/redis-url';
import { keepLog, startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { plainModel } from '../support/plain-writer';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { functionLibrary } from '../../src/writer/library';
import { ModelStore } from '../../src/writer/model-store';
import { faultProxy } from './support/fault-proxy';

/** What a stranger may do to the function library and to the stream, under a daemon whose interval is an hour. */
const dataDir = temporaryFolder();
let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([testRedis({ dataDir, persist: true }), testPostgres()]);
}, 60_000);

const start = (awaitPass = true) =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, SYNC_INTERVAL: '3600' }, { awaitPass });
const stream = 'millrace:changes';
const names = async () =>
  (await postgres.query('SELECT name FROM models ORDER BY name')).map(({ name }) => String(name));
const arrives = (...wanted: string[]) =>
  eventually(async () => expect(await names()).toEqual(expect.arrayContaining(wanted)), { within: 8_000 });
const code = async () =>
  String(
    (
      (await redis.client.call('FUNCTION', 'LIST', 'LIBRARYNAME', 'millrace', 'WITHCODE')) as unknown[][]
    )[0]?.at(-1),
  );

test('a library that is flushed or deleted is loaded again within seconds; one that is not ours is told, and left', async () => {
  const daemon = await start();
  for (const loss of [['FLUSH'], ['DELETE', 'millrace']]) {
    await redis.client.call('FUNCTION', ...loss);
    await eventually(async () =>
      expect(await redis.client.fcall('millrace_version', 0)).toBe(functionLibrary().version),
    );
    await eventually(async () =>
      expect((await daemon.status()).archive.incidents).toContainEqual(
        expect.objectContaining({ what: expect.stringMatching(/function library was gone/) as string }),
      ),
    );
  }
  const altered = `${functionLibrary().source}\n-- changed`;
  const foreign =
    "#!lua name=millrace\nredis.register_function('millrace_version', function() return '0.0.1 x' end)";
  for (const source of [altered, foreign]) {
    await redis.client.call('FUNCTION', 'LOAD', 'REPLACE', source);
    await eventually(async () => {
      const { ready, troubles } = await daemon.status();
      expect({ ready, troubles }).toMatchObject({
        ready: false,
        troubles: [expect.stringMatching(/not ours.*E_REDIS_FUNCTIONS.*FUNCTION DELETE millrace/)],
      });
    });
    expect(await code()).toBe(source);
  }
  await daemon.stop();
  const again = await start();
  expect(await code()).toBe(foreign);
  await redis.client.call('FUNCTION', 'DELETE', 'millrace');
  await eventually(async () => expect(await again.status()).toMatchObject({ ready: true }));
});

const most = '18446744073709551615';
const far = String(Date.now() + 400 * 86_400_000);
test.each([
  ['XADD with the last id there is', ['XADD', stream, `${most}-${most}`, 'model', '999']],
  ['XADD a year ahead', ['XADD', stream, `${far}-5`, 'model', '999']],
  [
    'XADD of a stranger with ten thousand fields',
    ['XADD', stream, `${far}-5`, ...Array.from({ length: 10_000 }, () => ['x', 'y']).flat()],
  ],
  ['XSETID to the last id', ['XSETID', stream, `${most}-${most}`]],
])(
  '%s: within seconds writers write again, and nothing that waited is lost',
  async (_what, command) => {
    await redis.client.flushall();
    const daemons = [await start(), await start(false)];
    const store = new ModelStore(redis.url);
    const tag = `${Math.random()}`;
    await store.createModel({ name: `${tag} before` });
    await redis.client.call(command[0] ?? '', ...command.slice(1));
    await eventually(async () => {
      await store.createModel({ name: `${tag} after` });
    });
    await arrives(`${tag} before`, `${tag} after`);
    await plainModel(redis.client, { name: `${tag} plain` });
    await arrives(`${tag} plain`);
    await eventually(async () => expect(await redis.client.keys('millrace:changes:*')).toEqual([]));
    await eventually(async () => {
      const [last] = await redis.client.xrevrange(stream, '+', '-', 'COUNT', 1);
      expect(Math.abs(Number(last?.[0].split('-')[0]) - Date.now())).toBeLessThan(60_000);
    });
    await eventually(async () => {
      const all = await Promise.all(daemons.map((one) => one.status()));
      expect(all.flatMap((one) => one.archive.incidents.map(({ what }) => what))).toContainEqual(
        expect.stringMatching(/far ahead of the clock/),
      );
      expect(all.map(({ ready }) => ready)).toEqual([true, true]);
    });
    expect((await names()).filter((name) => name.startsWith(tag))).toHaveLength(3);
    store.close();
  },
  40_000,
);

describe('a stream that begins anew, broken off', () => {
  const connections: RedisConnection[] = [];
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });
  const connect = (port = redis.server.port) => {
    const connection = new RedisConnection(redisTarget({ host: '127.0.0.1', port, db: 0 }), 'test');
    connections.push(connection);
    return connection;
  };
  const watcher = (connection: RedisConnection) =>
    new CaptureWatch({ redis: connection, log: keepLog(), onIncident: () => undefined });
  /** One step of it, and then a kill: what the loop in `look` would have done next is left undone. */
  const step = async (connection: RedisConnection) => {
    const { client } = connection;
    const watch = watcher(connection);
    const renew = client.eval.bind(client) as (...args: unknown[]) => Promise<unknown[]>;
    const once = async (...args: unknown[]) => (await renew(...args)).with(2, 0);
    Object.assign(client, { eval: once });
    await watch.look();
  };
  const ids = async () =>
    (await redis.client.xrange(stream, '-', '+')).flatMap(([, fields]) =>
      fields.filter((_field, at) => at % 2 === 1),
    );
  const asides = () => redis.client.keys('millrace:changes:*');

  const ways: Readonly<Record<string, () => Promise<unknown>>> = {
    'a kill after each step, and another instance goes on': async () => {
      for (let steps = 0; steps < 6; steps++) await step(connect());
    },
    'two instances at once': () =>
      Promise.all([connect(), connect()].map((connection) => watcher(connection).look())),
    'each reply is lost': async () => {
      const proxy = await faultProxy(redis.server.port);
      const watch = watcher(connect(proxy.port));
      for (let lost = 1; lost <= 5; lost++) {
        proxy.swallowReplyTo('millrace:changes:before:1');
        await eventually(async () => {
          await watch.look();
          return proxy.cuts() === lost;
        });
      }
      await watcher(connect()).look();
    },
    'Redis is killed after each step': async () => {
      const { port } = redis.server;
      for (let steps = 0; steps < 2; steps++) {
        await step(connect());
        redis.server.kill('SIGKILL');
        await redis.server.exited;
        redis.server = await startRedis({ dataDir, persist: true, port });
        await eventually(() => redis.client.ping());
      }
      await watcher(connect()).look();
    },
    'somebody sets the last id again after each step': async () => {
      for (let steps = 0; steps < 3; steps++) {
        await step(connect());
        await redis.client.call('XSETID', stream, `${most}-${most}`);
      }
      await watcher(connect()).look();
    },
  };
  test.each(Object.keys(ways))(
    '%s: all entries are in the stream once, in order if nobody interferes',
    async (way) => {
      await redis.client.flushall();
      const before = Array.from({ length: 320 }, (_u, index) => String(index));
      const writes = before.map((id) => ['xadd', stream, '*', 'model', id]);
      await redis.client.pipeline([...writes, ['xadd', stream, `${far}-5`, 'model', 'far']]).exec();
      await redis.client.set(incarnationKey, 'one');
      await ways[way]?.();
      const [found, all] = [await ids(), [...before, 'far']];
      if (way.startsWith('somebody')) for (const unordered of [found, all]) unordered.sort();
      expect(found).toEqual(all);
      expect(await asides()).toEqual([]);
      expect(await redis.client.exists(incarnationKey)).toBe(0);
      expect(await redis.client.xadd(stream, '*', 'model', 'after')).toMatch(/^\d{13}-\d+$/);
    },
  );

  test('by a kill of the daemon: the next one brings all there is, once, wherever it was', async () => {
    const store = new ModelStore(redis.url);
    const tag = `${Math.random()}`;
    const ours = `SELECT count(*)::int AS rows, count(DISTINCT redis_id)::int AS ids FROM predictions WHERE input_data::text LIKE '%${tag}%'`;
    await redis.client.flushall();
    let daemon = await start();
    const modelVersionId = await store.createModelVersion({
      modelId: await store.createModel({ name: tag }),
      version: '1',
    });
    let logged = 0;
    for (const steps of [1, 2, 4]) {
      await daemon.stop();
      const log = () => store.logPrediction({ modelVersionId, input: tag, output: 1, confidence: 0.5 });
      await Promise.all(Array.from({ length: 150 }, log));
      await redis.client.xadd(stream, `${far}-5`, 'model', '1');
      for (let done = 0; done < steps; done++) await step(connect());
      await Promise.all(Array.from({ length: 50 }, log));
      logged += 200;
      daemon = await start();
      await eventually(async () =>
        expect(await postgres.query(ours)).toEqual([{ rows: logged, ids: logged }]),
      );
      await eventually(async () => expect(await asides()).toEqual([]));
    }
    store.close();
  }, 60_000);

  test('what is committed is cut off the stream it is of, and off no other that came into its place', async () => {
    await redis.client.flushall();
    const connection = connect();
    await connection.connect();
    const trimming = new Trimming(connection);
    const left = async () => (await redis.client.xrange(stream, '-', '+')).map(([id]) => id);
    const applied = { incarnation: 'one', entryId: '5-0' };
    await redis.client.pipeline(['1-0', '5-0', '7-0'].map((id) => ['xadd', stream, id, 'model', '1'])).exec();
    for (const other of [undefined, 'two', ['a list']]) {
      await redis.client.del(incarnationKey);
      if (typeof other === 'string') await redis.client.set(incarnationKey, other);
      else if (other !== undefined) await redis.client.rpush(incarnationKey, ...other);
      await trimming.exactly(applied);
      trimming.start({ ...applied, life: '1', seen: null }, applied.entryId);
      await trimming.settle();
      expect(await left()).toEqual(['1-0', '5-0', '7-0']);
    }
    await redis.client.del(incarnationKey);
    await redis.client.set(incarnationKey, 'one');
    await trimming.exactly(applied);
    expect(await left()).toEqual(['5-0', '7-0']);
  });
});
