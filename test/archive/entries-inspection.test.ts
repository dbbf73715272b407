import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planRecords } from '../../src/archive/inspect/plan-records';
import { traceRecord } from '../../src/archive/inspect/trace';
import { sampleRecords } from '../../src/archive/sample';
import { findTargets } from '../../src/archive/schema/preparation';
import { TruthReader } from '../../src/archive/truth/truth';
import { requirePostgres } from '../../src/config/load';
import { PostgresConnection } from '../../src/connections/postgres/postgres';
import { RedisConnection } from '../../src/connections/redis';
import { daemonGrants } from '../../src/connections/redis-grants';
import { describeRecordTrace } from '../../src/terminal/describe-trace';
import { ensureLibrary } from '../../src/writer/library';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from './support/archive';
import { alone, ownArchive } from './support/own-records';
import { order, sale } from './support/streams';

const folder = temporaryFolder();
const archive = useArchive();
const catalogue = alone(order);
const own = ownArchive(archive, catalogue);
const rows = 'SELECT entry, kind, amount FROM order_events ORDER BY entry';
const add = (key: string, entryId: string, ...pairs: readonly (string | number)[]) =>
  archive.redis.client.xadd(key, entryId, ...pairs);

test('trace tells how far a stream is read, and where an entry is', async () => {
  const config = own.config();
  const trace = (entry?: string) =>
    traceRecord(config, requirePostgres(config), 'order-event', Buffer.from(''), entry);
  const verdict = async (entry?: string) => {
    const { state, sentence } = (await trace(entry)).verdict;
    return `${state}: ${sentence}`;
  };
  const daemon = await own.start();
  expect(await verdict()).toBe('unknown: There is no such stream, and none was read.');
  await add('orders', '1-0', 'amount', '1', 'type', 'new');
  await add('orders', '2-0', 'amount', '2');
  await archive.becomes(rows, ['1-0|new|1', '2-0||2']);
  expect(await verdict()).toBe('applied: Read to its end, which is 2-0.');
  expect(await verdict('1-0')).toBe(
    "applied: Applied: row 1-0 of order_events. An entry is written once, and the row is nobody's but yours then.",
  );
  expect(describeRecordTrace(await trace('1-0'))).toContain('$id 3 B, type 3 B, amount 1 B');
  expect(describeRecordTrace(await trace())).toMatch(
    /a stream of 2 records\n[^]*Entries {4}read up to 2-0, 0 wait/,
  );
  await archive.postgres.query(`DELETE FROM order_events WHERE entry = '1-0'`);
  expect(await verdict('1-0')).toMatch('unknown: It was read, and has no row any more');
  expect(await verdict('7-0')).toBe('unknown: Neither in the stream nor in Postgres is there an entry 7-0.');
  await add('orders', '3-0', 'amount', 'x');
  await archive.untilParked('orders');
  expect(await verdict('3-0')).toMatch(/^parked: Parked as number \d+: amount "x" is not a whole number/);
  expect(await verdict()).toMatch(/^parked: Read to its end, but entries are parked, number \d+ among them/);
  await daemon.stop();
  await add('orders', '4-0', 'amount', '4');
  expect(await verdict()).toMatch('not captured: An entry is still to be read, after 3-0. No daemon owns');
  expect(await verdict('4-0')).toMatch('not captured: Still to be read: the stream is read up to 3-0.');
  await archive.redis.client.del('orders');
  expect(await verdict()).toBe(
    'only in Postgres: The stream is not there any more. It was read up to 3-0, and its rows stay.',
  );
  await archive.redis.client.set('orders', 'text');
  expect(await verdict()).toBe(
    'unfit: It cannot become rows: the key holds a string, not a stream. The next full pass parks it.',
  );
}, 60_000);

test('verbs know streams of the file: plan, run, trace, a dry run, dead letters', async () => {
  const file = join(folder, 'mine.yaml');
  writeFileSync(
    file,
    'version: 1\nrecords:\n  order-event:\n    key: orders\n    table: order_events\n    each: entry\n    columns: { entry: $id, amount: { field: amount, type: int } }\n',
  );
  for (let at = 1; at <= 3; at++) await add('orders', `${at}-0`, 'amount', at === 3 ? 'x' : at);
  await archive.redis.client.set('orders:other', 'another one’s');
  const environment = archive.environment({ MILLRACE_ONLY: 'archive' });
  const cli = (...args: string[]) => runCli([...args, '--config', file], environment, folder);
  const planned = await cli('config', 'plan');
  expect(planned.output).toContain('to table order_events, which is made; 1 key, 3 to be written');
  expect((await cli('run', '--once')).output).toContain('  Order-event: 2\n  Errors: 1');
  const traced = await cli('trace', 'orders', '2-0');
  expect(traced).toMatchObject({
    code: 0,
    output: expect.stringContaining('row 2-0 of order_events') as string,
  });
  expect((await cli('trace', 'orders', 'two')).output).toContain('two is no id of an entry');
  const list = await cli('dead-letters', 'list', '--kind', 'order-event');
  expect(list.output).toMatch(/orders.*22P02.*amount/s);
  expect(list.output).toContain('3-0');
  await add('orders', '4-0', 'amount', 4);
  const dry = await cli('reconcile', '--only', 'archive', '--dry-run');
  expect(dry.output).toMatch(/orders.*4-0/s);
  expect((await cli('config', 'show')).output).toContain('each: entry');
  await archive.redis.client.del('orders');
  const warm = await cli('warm');
  expect(warm.output).toContain('order-event: nothing, for streams are not put back');
  expect(await archive.redis.client.exists('orders')).toBe(0);
}, 120_000);

test('the plan counts entries that wait, and the dashboard shows the newest one', async () => {
  const config = own.config();
  const target = requirePostgres(config);
  const plan = async () =>
    (await planRecords(config, target)).map(({ state, keys, differ }) => [state, keys, differ]);
  for (let at = 1; at <= 4; at++) await add('orders', `${at}-0`, 'amount', at);
  expect(await plan()).toEqual([['new table', 1, 4]]);
  await (await own.start()).stop();
  expect(await plan()).toEqual([['in place', 1, 0]]);
  await add('orders', '5-0', 'amount', 5, 'type', 'new');
  expect(await plan()).toEqual([['in place', 1, 1]]);
  const redis = new RedisConnection(config.redis, 'sample');
  const postgres = new PostgresConnection(target, 'sample');
  try {
    await redis.connect();
    const targets = await findTargets(postgres, catalogue);
    const shown = { redis, postgres, truth: new TruthReader(redis, catalogue) };
    const sample = await sampleRecords(
      { ...shown, targets: () => targets, strategies: config.onConflict },
      'order-event',
    );
    expect(sample.keys).toEqual([
      {
        ...{ key: 'orders', record: '5-0', target: null, state: 'missing' },
        source: '{"$id":"5-0","type":"new","amount":"5"}',
      },
    ]);
  } finally {
    postgres.close();
    redis.close();
  }
}, 60_000);

test('the rights that the grants name are enough for streams', async () => {
  const { client, url } = archive.redis;
  await ensureLibrary(client);
  await client.config('SET', 'notify-keyspace-events', 'Kg$shzt');
  const only = alone(order, { ...sale, parents: [] });
  const rules = daemonGrants(only).match(/\([^)]*\)|\S+/g) ?? [];
  await client.call('ACL', 'SETUSER', 'daemon', 'reset', 'on', '>secret', ...rules);
  await client.call('ACL', 'LOG', 'RESET');
  const named = new URL(url);
  named.username = 'daemon';
  named.password = 'secret';
  await add('orders', '1-0', 'amount', '1');
  await ownArchive(archive, only).start({ REDIS_URL: named.href });
  await add('shop:eu:sales', '1-0', 'amount', '1');
  await archive.becomes('SELECT region FROM sales', ['eu']);
  await archive.becomes('SELECT entry FROM order_events', ['1-0']);
  expect(await client.call('ACL', 'LOG')).toEqual([]);
}, 60_000);
