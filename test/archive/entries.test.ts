import { Client } from 'pg';
import { loadConfig, requirePostgres } from '../../src/config/load';
import { archiveDryRun } from '../../src/archive/pass/dry-run';
import type { ArchiveDifference } from '../../src/archive/pass/explain';
import { eventually } from '../support/eventually';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { useArchive } from './support/archive';
import { ownArchive, user, withRegistry } from './support/own-records';
import { order, sale } from './support/streams';

const archive = useArchive();

const catalogue = withRegistry(user, order, sale);
const own = ownArchive(archive, catalogue);

const rows = 'SELECT entry, kind, amount FROM order_events ORDER BY entry';
const sales = 'SELECT region, entry, amount, user_id FROM sales ORDER BY 1, 2';
const count = 'SELECT count(*), count(DISTINCT entry) FROM order_events';
const add = (key: string, entryId: string, ...pairs: readonly (string | Buffer | number)[]) =>
  archive.redis.client.xadd(key, entryId, ...pairs);
const incidents = async (daemon: TestDaemon) =>
  (await daemon.status()).archive.incidents.map(({ what }) => what);
const isTold = (daemon: TestDaemon, what: string) =>
  eventually(async () => expect((await incidents(daemon)).join('\n')).toContain(what));
const dryRun = async () => {
  const found: ArchiveDifference[] = [];
  const config = own.config();
  const report = await archiveDryRun(config, requirePostgres(config), (one) => found.push(one), 100);
  return { differences: report.differences, found };
};

test('an entry becomes a row, found by the pass and heard by the mirror; the stream is left alone', async () => {
  const first = await add('orders', '*', 'type', 'new', 'amount', '5', 'other', 'x');
  await add('shop:eu:sales', '1-1', 'amount', '7', 'at', '2026-01-05T14:30:00');
  const daemon = await own.start();
  const second = await add('orders', '*', 'amount', '1', 'amount', '6', 'type', '');
  await add('shop:us:sales', '1-1', 'amount', '8');
  await archive.becomes(rows, [`${first}|new|5`, `${second}||6`]);
  await archive.becomes(sales, ['eu|1-1|7|', 'us|1-1|8|']);
  const { client } = archive.redis;
  expect(await client.xlen('orders')).toBe(2);
  expect(await client.xinfo('GROUPS', 'orders')).toEqual([]);
  expect((await daemon.status()).archive.lastPass?.statistics).toMatchObject({ 'order-event': 1, sale: 1 });
  expect((await archive.pass(daemon)).differences).toEqual({});
  expect(await incidents(daemon)).toEqual([]);
}, 60_000);

test('what was read is not read again: a row that somebody deletes or changes stays so, over passes and restarts', async () => {
  for (let at = 1; at <= 5; at++) await add('orders', `${at}-0`, 'amount', at);
  const daemon = await own.start();
  await archive.postgres.query(
    `DELETE FROM order_events WHERE amount < 3; UPDATE order_events SET amount = 40 WHERE amount = 4`,
  );
  await archive.pass(daemon);
  await daemon.stop();
  const again = await own.start();
  await add('orders', '6-0', 'amount', '6');
  await archive.becomes(rows, ['3-0||3', '4-0||40', '5-0||5', '6-0||6']);
  expect((await archive.pass(again)).differences).toEqual({});
}, 60_000);

test('a table that is made anew is filled from the beginning', async () => {
  for (let at = 1; at <= 3; at++) await add('orders', `${at}-0`, 'amount', at);
  await (await own.start()).stop();
  await archive.postgres.query('DROP TABLE order_events');
  await own.start();
  await archive.becomes(rows, ['1-0||1', '2-0||2', '3-0||3']);
}, 60_000);

test('a stream may be trimmed, emptied and deleted: rows stay, and it goes on', async () => {
  const { client } = archive.redis;
  const daemon = await own.start();
  await add('orders', '1-0', 'amount', '1');
  await add('orders', '2-0', 'amount', '2');
  await archive.becomes(rows, ['1-0||1', '2-0||2']);
  await client.xdel('orders', '2-0');
  await client.xtrim('orders', 'MAXLEN', 0);
  await add('orders', '3-0', 'amount', '3');
  await archive.becomes(rows, ['1-0||1', '2-0||2', '3-0||3']);
  await client.del('orders');
  expect(await client.xadd('orders', 'NOMKSTREAM', '*', 'amount', '1')).toBe(null);
  await client.xgroup('CREATE', 'orders', 'workers', '$', 'MKSTREAM');
  await add('orders', '4-0', 'amount', '4');
  await archive.becomes(rows, ['1-0||1', '2-0||2', '3-0||3', '4-0||4']);
  await client.pexpire('orders', 1);
  await archive.pass(daemon);
  expect(await archive.lines(count)).toEqual(['4|4']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);

test('entries that are trimmed away unread are lost, and counted', async () => {
  const daemon = await own.start();
  await add('orders', '1-0', 'amount', '1');
  await archive.becomes(rows, ['1-0||1']);
  await daemon.stop();
  const pipeline = archive.redis.client.pipeline();
  for (let at = 2; at <= 10; at++) pipeline.xadd('orders', `${at}-0`, 'amount', at);
  await pipeline.xtrim('orders', 'MAXLEN', 2).exec();
  const again = await own.start();
  await archive.becomes(rows, ['1-0||1', '10-0||10', '9-0||9']);
  const lost = '7 entries of the stream "orders" were trimmed away, or deleted, before they were read';
  await isTold(again, lost);
  await archive.pass(again);
  expect((await incidents(again)).filter((what) => what === lost)).toHaveLength(1);
}, 60_000);

describe('a stream that is not the one that was read', () => {
  test('after a flush, or a deletion, is read from its beginning, if its ids tell', async () => {
    const daemon = await own.start();
    await add('orders', '5-0', 'amount', '5');
    await archive.becomes(rows, ['5-0||5']);
    await archive.redis.client.flushall();
    await add('orders', '1-0', 'amount', '1');
    await archive.becomes(rows, ['1-0||1', '5-0||5']);
    await isTold(daemon, 'the stream "orders" is not the one that was read up to 5-0');
    await archive.redis.client.multi().del('orders').xadd('orders', '7-0', 'amount', '7').exec();
    await archive.becomes(rows, ['1-0||1', '5-0||5', '7-0||7']);
  }, 60_000);

  test('but has its ids: its new entries are rows, those with ids of rows are told, and the rows stay', async () => {
    const daemon = await own.start();
    await add('orders', '1-0', 'amount', '1');
    await add('orders', '2-0', 'amount', '2');
    await archive.becomes(rows, ['1-0||1', '2-0||2']);
    const { client } = archive.redis;
    const anew = client.multi().del('orders').xadd('orders', '1-0', 'amount', '10');
    await anew.xadd('orders', '1-5', 'amount', '15').xadd('orders', '2-0', 'amount', '2').exec();
    // The entry that was read last is there as it was, and nothing else tells of the other one.
    await archive.pass(daemon);
    expect(await archive.lines(rows)).toEqual(['1-0||1', '2-0||2']);
    const other = client.multi().del('orders').xadd('orders', '1-0', 'amount', '10');
    await other.xadd('orders', '1-5', 'amount', '15').xadd('orders', '2-0', 'amount', '20').exec();
    await archive.becomes(rows, ['1-0||1', '1-5||15', '2-0||2']);
    await isTold(daemon, '2 entries have the ids of rows of order_events with other contents');
  }, 60_000);

  test('but an older state of it, is read on from there: nothing twice, and no row is lost', async () => {
    const daemon = await own.start();
    await add('orders', '1-0', 'amount', '1');
    const { client } = archive.redis;
    const older = await client.dumpBuffer('orders');
    await add('orders', '2-0', 'amount', '2');
    await archive.becomes(rows, ['1-0||1', '2-0||2']);
    await client.restore('orders', 0, older, 'REPLACE');
    await add('orders', '1-5', 'amount', '15');
    await archive.becomes(rows, ['1-0||1', '1-5||15', '2-0||2']);
    await isTold(daemon, 'is not the one that was read up to 2-0');
  }, 60_000);
});

describe('what can be no row', () => {
  test('is parked with its entry and its column, while the others go on; it is tried again though the stream has lost it', async () => {
    await own.start();
    await archive.postgres.query('ALTER TABLE order_events ADD CHECK (amount <> 13)');
    const bad = [
      add('orders', '1-0', 'amount', 'many'),
      add('orders', '2-0', 'amount', '13'),
      add('orders', '3-0', 'type', Buffer.from([0xff])),
      add('orders', '4-0', 'amount', '4'),
      add('shop:eu:sales', '1-0', 'at', '2026-01-05T14:30:00'),
      add('shop:eu:sales', '2-0', 'amount', '2', 'buyer', '9'),
    ];
    await Promise.all(bad);
    await archive.becomes(rows, ['4-0||4']);
    await archive.untilParked('orders', 'orders', 'orders', 'shop:eu:sales', 'shop:eu:sales');
    const parked =
      'SELECT key, created, entry_id, code, column_name, waiting_for FROM millrace.dead_letters ORDER BY 1, 2';
    expect(await archive.lines(parked)).toEqual([
      'orders|1-0|1-0|22P02|amount|',
      'orders|2-0|2-0|23514||',
      'orders|3-0|3-0|22021|kind|',
      'shop:eu:sales|1-0|1-0|23502|amount|',
      'shop:eu:sales|2-0|2-0|E_PARENT|user_id|user:9',
    ]);
    await archive.redis.client.xtrim('orders', 'MAXLEN', 0);
    await archive.redis.client.del('shop:eu:sales');
    await archive.redis.client.hset('user:9', 'email', 'a@b.c');
    await archive.becomes(sales, ['eu|2-0|2|9']);
    await archive.postgres.query(
      `ALTER TABLE order_events DROP CONSTRAINT order_events_amount_check; UPDATE millrace.dead_letters SET due = true`,
    );
    await archive.becomes(rows, ['2-0||13', '4-0||4']);
    await archive.untilParked('orders', 'orders', 'shop:eu:sales');
  }, 60_000);

  test('because the key holds no stream is said; once it does, it is read', async () => {
    await archive.redis.client.set('orders', 'text');
    await own.start();
    await archive.untilParked('orders');
    expect((await archive.letters())[0]?.message).toBe('the key holds a string, not a stream');
    await archive.redis.client.multi().del('orders').xadd('orders', '1-0', 'amount', '1').exec();
    await archive.becomes(rows, ['1-0||1']);
    await archive.untilParked();
  }, 60_000);

  test('because it is too large is parked alone, and read once it may be', async () => {
    const large = 'x'.repeat(3_000_000);
    await add('orders', '1-0', 'type', 'y'.repeat(1_500_000), 'amount', '1');
    await add('orders', '2-0', 'type', large, 'amount', '2');
    await add('orders', '3-0', 'amount', '3', 'unread', large);
    const daemon = await own.start({ MAX_RECORD_SIZE: '2mb' });
    const lengths = 'SELECT entry, length(kind), amount FROM order_events ORDER BY 1';
    await archive.becomes(lengths, ['1-0|1500000|1', '3-0||3']);
    expect((await archive.letters()).map(({ key, code }) => `${key} ${code}`)).toEqual([
      'orders E_TOO_LARGE',
    ]);
    await daemon.stop();
    await own.start();
    await archive.becomes(lengths, ['1-0|1500000|1', '2-0|3000000|2', '3-0||3']);
    await archive.untilParked();
  }, 60_000);
});

test('very many entries are read piece by piece, while others come; in the order of the stream', async () => {
  const { client } = archive.redis;
  const fill = async (from: number, to: number) => {
    for (let at = from; at < to; at += 1_000) {
      const pipeline = client.pipeline();
      for (let one = at; one < at + 1_000; one++) pipeline.xadd('orders', `${one}-1`, 'amount', one);
      await pipeline.exec();
    }
  };
  await archive.postgres.query('CREATE TABLE public.order_events (entry text PRIMARY KEY, nr bigserial)');
  await fill(1, 30_001);
  await add('shop:eu:sales', '1-0', 'amount', '1');
  const daemon = await own.start();
  await fill(30_001, 40_001);
  await archive.becomes(count, ['40000|40000']);
  expect(await archive.lines('SELECT count(*) FROM order_events WHERE nr <> amount')).toEqual(['0']);
  expect((await daemon.status()).archive.lastPass?.differences).toMatchObject({ sale: 1 });
  await archive.becomes(sales, ['eu|1-0|1|']);
  expect((await archive.pass(daemon)).differences).toEqual({});
}, 120_000);

test('a dry run tells the entries that wait, and reads none', async () => {
  await (await own.start()).stop();
  await add('orders', '1-0', 'amount', '1');
  await add('orders', '2-0', 'amount', 'x');
  const { differences, found } = await dryRun();
  expect(differences).toEqual({ 'order-event': 2 });
  expect(found.map(({ key, record, change }) => [key, record, change])).toEqual([
    ['orders', '2-0', 'unfit'],
    ['orders', '1-0', 'missing'],
  ]);
  expect(await archive.lines(count)).toEqual(['0|0']);
}, 60_000);

test('without the mirror the passes find what came', async () => {
  const config = loadConfig(
    { HTTP_PORT: '0', MILLRACE_ONLY: 'archive', MIRROR: 'off', ...archive.environment() },
    {},
    undefined,
    catalogue,
  );
  expect(config.mirror).toBe(false);
  await add('orders', '1-0', 'amount', '1');
  const daemon = await startDaemon({ POSTGRES_URL: archive.postgres.url }, { config });
  await archive.becomes(rows, ['1-0||1']);
  await add('orders', '2-0', 'amount', '2');
  await archive.pass(daemon);
  await archive.becomes(rows, ['1-0||1', '2-0||2']);
}, 60_000);

test('what a turn has left of a stream is read although the transaction with its end fails', async () => {
  const { client } = archive.redis;
  const { postgres } = archive;
  await postgres.query(`CREATE TABLE public.order_events (entry text PRIMARY KEY, kind text, amount bigint)`);
  await postgres.query(`CREATE FUNCTION public.hold() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF NEW.entry = ''5500-1'' THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END'`);
  await postgres.query(
    'CREATE TRIGGER hold BEFORE INSERT ON public.order_events FOR EACH ROW EXECUTE FUNCTION public.hold()',
  );
  const pipeline = client.pipeline();
  for (let one = 1; one <= 5_500; one++) pipeline.xadd('orders', `${one}-1`, 'amount', one);
  await pipeline.exec();
  const holder = new Client({ connectionString: postgres.url });
  await holder.connect();
  try {
    await holder.query('SELECT pg_advisory_lock(7)');
    // Only the first pass, and none after it, tells of the stream.
    const starting = startDaemon({ POSTGRES_URL: postgres.url }, { config: own.config({ MIRROR: 'off' }) });
    const waiting = `FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()`;
    await eventually(async () => expect(await archive.lines(`SELECT count(*) ${waiting}`)).toEqual(['1']), {
      within: 30_000,
    });
    expect(await archive.lines('SELECT count(*) >= 5000 FROM order_events')).toEqual(['t']);
    await postgres.query(`SELECT pg_terminate_backend(pid) ${waiting}`);
    await holder.query('SELECT pg_advisory_unlock(7)');
    await starting;
  } finally {
    await holder.end();
  }
  await archive.becomes(count, ['5500|5500']);
}, 60_000);
