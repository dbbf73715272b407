import { startDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { plainModel } from '../support/plain-writer';
import { testRedis, type TestRedis } from '../support/stores';
import { functionLibrary } from '../../src/writer/library';
import { ModelStore } from '../../src/writer/model-store';

/** What a stranger may do to the function library and to the stream, under a daemon whose interval is an hour. */
let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([testRedis(), testPostgres()]);
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
