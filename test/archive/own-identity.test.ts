import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { requirePostgres } from '../../src/config/load';
import type { RecordMapping } from '../../src/mapping/own-records';
import { eventually } from '../support/eventually';
import { RecordWriter } from '../../src/writer/record-writer';
import { useArchive } from './support/archive';
import { fields, ownArchive, user, withRegistry } from './support/own-records';

const archive = useArchive();
/** Its ids come from a counter, which begins anew when Redis is flushed. */
const order: RecordMapping = {
  ...{ ...user, name: 'order', table: 'orders', none: undefined },
  key: { prefix: 'order:', parts: [{ column: 'id', type: 'int', rest: false, after: '' }] },
  columns: [
    { column: 'made', field: 'created_at', type: 'time', required: true },
    ...fields({ item: 'text', paid: 'bool' }),
  ],
  born: 'made',
};
const own = ownArchive(archive, withRegistry(order));
const rows = `SELECT id, made AT TIME ZONE $$UTC$$, item, paid FROM orders ORDER BY id, made`;
const [before, after] = ['2026-01-05T14:30:00', '2026-02-01T09:00:00.25'];
const [was, is] = ['1|2026-01-05 14:30:00', '1|2026-02-01 09:00:00.25'];
const write = (id: number, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(`order:${id}`, fields);

/** Flushes Redis, and waits until the daemon has seen that: a deletion is followed where it is known whose it is. */
async function flushed(): Promise<void> {
  const { client } = archive.redis;
  await client.flushall();
  await eventually(async () => expect(await client.exists('millrace:archive:incarnation')).toBe(1));
}

test('an id that comes again after a flush is another record, with a row of its own; the same one again is none', async () => {
  await write(1, { created_at: before, item: 'tea' });
  const daemon = await own.start();
  expect(await archive.lines(rows)).toEqual([`${was}|tea|`]);
  await write(1, { paid: 'yes' });
  await archive.becomes(rows, [`${was}|tea|t`]);
  // The same moment, written otherwise.
  await write(1, { created_at: '2026-01-05T16:30:00.000+02:00', item: 'green tea' });
  await archive.becomes(rows, [`${was}|green tea|t`]);
  await archive.redis.client.flushall();
  await write(1, { created_at: after, item: 'ink' });
  await archive.becomes(rows, [`${was}|green tea|t`, `${is}|ink|`]);
  await write(1, { item: 'blue ink' });
  await archive.becomes(rows, [`${was}|green tea|t`, `${is}|blue ink|`]);
  expect((await archive.pass(daemon)).differences).toEqual({});
  // That of before, from a backup.
  await archive.redis.client.flushall();
  await write(1, { created_at: before, item: 'tea', paid: 'no' });
  await archive.becomes(rows, [`${was}|tea|f`, `${is}|blue ink|`]);
  const config = own.config();
  const { differences } = await archiveDryRun(config, requirePostgres(config), () => undefined);
  expect(differences).toEqual({});
  await daemon.stop();
  await write(1, { created_at: after, item: 'ink again' });
  await write(2, { created_at: after });
  const again = await own.start();
  expect(await archive.lines(rows)).toEqual([
    `${was}|tea|f`,
    `${is}|ink again|f`,
    '2|2026-02-01 09:00:00.25||',
  ]);
  await again.stop();
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('very many at once go through COPY, and two moments of one id beside each other', async () => {
  const pipeline = archive.redis.client.pipeline();
  for (let id = 0; id < 700; id++) pipeline.hset(`order:${id}`, { created_at: before, item: `${id}` });
  await pipeline.exec();
  const daemon = await own.start();
  const counts = 'SELECT count(*), count(DISTINCT id), count(DISTINCT made) FROM orders';
  expect(await archive.lines(counts)).toEqual(['700|700|1']);
  await archive.redis.client.flushall();
  const again = archive.redis.client.pipeline();
  for (let id = 0; id < 700; id++) again.hset(`order:${id}`, { created_at: after, item: `${id}` });
  await again.exec();
  await archive.becomes(counts, ['1400|700|2']);
  expect((await archive.pass(daemon)).differences).toEqual({});
}, 60_000);

describe.each([
  ['delete', 'true'],
  ['mark', 'deleted_at IS NULL'],
] as const)('with on_delete: %s', (onDelete, present) => {
  const deleting = ownArchive(archive, withRegistry({ ...order, onDelete }));
  const there = `SELECT id, made AT TIME ZONE $$UTC$$, item FROM orders WHERE ${present} ORDER BY id, made`;

  test('what is deleted is the record of now; that of before a flush stays', async () => {
    await write(1, { created_at: before, item: 'tea' });
    const daemon = await deleting.start();
    await flushed();
    await write(1, { created_at: after, item: 'ink' });
    await archive.becomes(there, [`${was}|tea`, `${is}|ink`]);
    await archive.redis.client.del('order:1');
    await archive.becomes(there, [`${was}|tea`]);
    expect((await archive.pass(daemon)).differences).toEqual({});
    await write(1, { created_at: after, item: 'ink' });
    await archive.becomes(there, [`${was}|tea`, `${is}|ink`]);
  }, 60_000);

  test('one that is deleted and has a successor at once goes, and one that lapses stays', async () => {
    await write(1, { created_at: before, item: 'tea' });
    await write(2, { created_at: before, item: 'lapses' });
    await deleting.start();
    await archive.redis.client
      .multi()
      .del('order:1')
      .hset('order:1', { created_at: after, item: 'ink' })
      .exec();
    await archive.becomes(there, [`${is}|ink`, '2|2026-01-05 14:30:00|lapses']);
    await archive.redis.client.pexpire('order:2', 1);
    await eventually(async () => expect(await archive.redis.client.exists('order:2')).toBe(0));
    await write(2, { created_at: after, item: 'next' });
    await archive.becomes(there, [
      `${is}|ink`,
      '2|2026-01-05 14:30:00|lapses',
      '2|2026-02-01 09:00:00.25|next',
    ]);
    await archive.redis.client.del('order:2');
    await archive.becomes(there, [`${is}|ink`, '2|2026-01-05 14:30:00|lapses']);
  }, 60_000);

  test('what waited in the stream says so as well: the deleted one goes, whoever has its key by now', async () => {
    await write(1, { created_at: before, item: 'tea' });
    const first = await deleting.start();
    await first.stop();
    const writer = new RecordWriter(archive.redis.url);
    await writer.del('order:1');
    await writer.hset('order:1', { created_at: after, item: 'ink' });
    await writer.del('order:1');
    await writer.hset('order:1', { created_at: '2026-03-01T00:00:00', item: 'nib' });
    writer.close();
    await deleting.start();
    await archive.becomes(there, ['1|2026-03-01 00:00:00|nib']);
    expect(await archive.letters()).toEqual([]);
  }, 60_000);

  test('one that another took the place of without being deleted stays when that is deleted', async () => {
    await write(1, { created_at: before, item: 'tea' });
    const daemon = await deleting.start();
    await write(1, { created_at: after, item: 'ink' });
    await archive.becomes(there, [`${was}|tea`, `${is}|ink`]);
    await archive.redis.client.del('order:1');
    await archive.becomes(there, [`${was}|tea`]);
    expect((await archive.pass(daemon)).differences).toEqual({});
  }, 60_000);

  test('a row that was written before deletions were followed goes, once a pass has found it as it is', async () => {
    await write(1, { created_at: before, item: 'tea' });
    await (await own.start()).stop();
    const daemon = await deleting.start();
    expect((await archive.pass(daemon)).differences).toEqual({});
    await archive.redis.client.del('order:1');
    await archive.becomes(there, []);
  }, 60_000);
});

test('a record that cannot be a row is parked as that record: neither another with its id nor its own lack takes the letter away', async () => {
  await write(1, { created_at: before, paid: 'maybe' });
  await write(2, { item: 'made when?' });
  const daemon = await own.start();
  await archive.untilParked('order:1', 'order:2');
  expect(await archive.letters()).toMatchObject([{ column_name: 'paid' }, { code: '23502' }]);
  await flushed();
  await write(1, { created_at: after, item: 'ink' });
  await archive.becomes(rows, [`${is}|ink|`]);
  expect(await archive.letters()).toMatchObject([
    { key: 'order:1', column_name: 'paid' },
    { key: 'order:2' },
  ]);
  await daemon.stop();
  // What was not understood is, by a mapping that was edited meanwhile; Redis has not had the record for long.
  const columns = order.columns.map((one) =>
    one.column === 'paid' ? { ...one, type: 'text' as const } : one,
  );
  await archive.postgres.query('ALTER TABLE orders ALTER COLUMN paid TYPE text');
  const mended = await ownArchive(archive, withRegistry({ ...order, columns })).start();
  await archive.becomes(rows, [`${was}||maybe`, `${is}|ink|`]);
  expect((await archive.letters()).map(({ key }) => key)).toEqual(['order:2']);
  await write(2, { created_at: after });
  await archive.becomes('SELECT count(*) FROM orders WHERE id = 2', ['1']);
  expect(await archive.letters()).toEqual([]);
  await mended.stop();
}, 60_000);

describe('a table that is there', () => {
  const adopting = ownArchive(archive, withRegistry({ ...order, onConflict: 'skip' }));
  const stopped = async (): Promise<readonly string[]> => {
    const daemon = await adopting.start();
    const found = (await daemon.status()).archive.stopped as readonly { message: string; hint: string }[];
    await daemon.stop();
    return found.map(({ message, hint }) => `${message}\n${hint}`);
  };

  test('is adopted with a key over id and time, beside which its rows stay', async () => {
    await archive.postgres.query(
      `CREATE TABLE public.orders (id int NOT NULL, made timestamptz NOT NULL, item text, more text);
       INSERT INTO public.orders VALUES (1, '${before}Z', 'tea', 'theirs')`,
    );
    await write(1, { created_at: after, item: 'ink' });
    expect(await stopped()).toEqual([]);
    expect(await archive.lines('SELECT id, item, more FROM orders ORDER BY made')).toEqual([
      '1|tea|theirs',
      '1|ink|',
    ]);
  }, 60_000);

  test('stops its mapping with what to do, where it may have one row for each id, or its time is no moment', async () => {
    await archive.postgres.query(
      'CREATE TABLE public.orders (id bigint CONSTRAINT one_each PRIMARY KEY, made timestamp, item text)',
    );
    await write(1, { created_at: before, item: 'tea' });
    const [time] = await stopped();
    expect(time).toContain(
      'public.orders.made is timestamp without time zone, where mapping order has timest',
    );
    await archive.postgres.query('ALTER TABLE orders ALTER COLUMN made TYPE timestamptz');
    const [key] = await stopped();
    expect(key).toContain(
      'may have one row for each id (one_each), and mapping order has identity: [id, made]',
    );
    expect(key).toContain('ALTER TABLE "public"."orders" DROP CONSTRAINT "one_each"');
    await archive.postgres.query('ALTER TABLE orders DROP CONSTRAINT one_each');
    expect(await stopped()).toEqual([]);
    expect(await archive.lines(rows)).toEqual([`${was}|tea|`]);
  }, 60_000);
});

test('JSON objects are told by the time in them as well', async () => {
  const json = ownArchive(archive, withRegistry({ ...order, holds: 'json', onDelete: 'delete' }));
  const set = (made: string, item: string) =>
    archive.redis.client.set('order:1', JSON.stringify({ created_at: made, item, paid: true }));
  await set(before, 'tea');
  const daemon = await json.start();
  await flushed();
  await set(after, 'ink');
  await archive.becomes(rows, [`${was}|tea|t`, `${is}|ink|t`]);
  await archive.redis.client.set('order:1', '{"created_at":');
  await archive.untilParked('order:1');
  await set(after, 'ink again');
  await archive.becomes(rows, [`${was}|tea|t`, `${is}|ink again|t`]);
  expect((await archive.pass(daemon)).differences).toEqual({});
  await archive.redis.client.del('order:1');
  await archive.becomes(rows, [`${was}|tea|t`]);
  expect(await archive.letters()).toEqual([]);
}, 60_000);
