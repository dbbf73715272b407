import { traceRecord } from '../../src/archive/inspect/trace';
import { planRecords } from '../../src/archive/inspect/plan-records';
import { requirePostgres } from '../../src/config/load';
import type { RecordMapping } from '../../src/mapping/own-records';
import { retentionInForce } from '../../src/mapping/retention-policy';
import { describeRecordTrace } from '../../src/terminal/describe-trace';
import { eventually } from '../support/eventually';
import { useArchive } from './support/archive';
import { fields, ownArchive, user, withRegistry } from './support/own-records';
import { daysAgo, retain } from './support/retention';
import { toldOf, warmed } from './support/warm';

const archive = useArchive();
const order: RecordMapping = {
  ...{ ...user, name: 'order', table: 'orders', none: undefined, born: 'created_at' },
  key: { prefix: 'order:', parts: [{ column: 'id', type: 'int', rest: false, after: '' }] },
  columns: fields({ item: 'text', created_at: 'time!' }),
};
const [before, after] = ['2026-01-05T14:30:00', '2026-02-01T09:00:00.25'];
const write = (id: number, fields: Readonly<Record<string, string>>) =>
  archive.redis.client.hset(`order:${id}`, fields);

/** Two records of the id 1, one after the other, and one of 2 that only the first life had. */
async function twoLives(own: ReturnType<typeof ownArchive>): Promise<void> {
  await write(1, { created_at: before, item: 'tea' });
  await write(2, { created_at: before, item: 'salt' });
  const daemon = await own.start();
  await archive.redis.client.flushall();
  await write(1, { created_at: after, item: 'ink' });
  await archive.becomes('SELECT item FROM orders ORDER BY created_at, id', ['tea', 'salt', 'ink']);
  await archive.pass(daemon);
  await daemon.stop();
}

test('trace lists the rows of all that have had the key, and says which of them the record of now has', async () => {
  const own = ownArchive(archive, withRegistry({ ...order, onDelete: 'delete' }));
  await twoLives(own);
  const config = own.config();
  const trace = await traceRecord(config, requirePostgres(config), 'order', Buffer.from('1'));
  expect(trace).toMatchObject({
    redis: { created: '2026-02-01 09:00:00.250000' },
    verdict: { sentence: 'Applied: row 1 of orders, equal to Redis.' },
    archive: {
      rows: [
        { created: '2026-02-01 09:00:00.250000', follows: true },
        { created: '2026-01-05 14:30:00.000000', follows: false },
      ],
    },
  });
  expect(describeRecordTrace(trace)).toContain(
    'of the record created 2026-01-05 14:30:00.000000, of another record that had this number',
  );
  expect(await planRecords(config, requirePostgres(config))).toMatchObject([
    { name: 'order', state: 'in place', differ: 0, problems: [] },
  ]);
}, 60_000);

test.each(['keep', 'mark'] as const)(
  'warm puts back the newest record of each key, and none that was deleted (on_delete: %s)',
  async (onDelete) => {
    const own = ownArchive(archive, withRegistry({ ...order, onDelete }));
    await twoLives(own);
    const { client } = archive.redis;
    if (onDelete === 'mark') {
      const daemon = await own.start();
      await client.del('order:1');
      await archive.becomes('SELECT item FROM orders WHERE deleted_at IS NOT NULL', ['ink']);
      await daemon.stop();
    }
    await client.flushall();
    const report = await warmed(archive, { config: own.config() });
    expect(await client.hget('order:2', 'item')).toBe('salt');
    if (onDelete === 'keep') {
      expect(toldOf(report, 'order')).toEqual({ restored: 2, superseded: 1 });
      expect(await client.hgetall('order:1')).toMatchObject({ item: 'ink' });
    } else {
      expect(toldOf(report, 'order')).toEqual({ restored: 1, superseded: 1, deleted: 1 });
      expect(await client.exists('order:1')).toBe(0);
    }
    const daemon = await own.start();
    expect((await archive.pass(daemon)).differences).toEqual({});
    expect(await archive.lines('SELECT count(*) FROM orders')).toEqual(['3']);
    await daemon.stop();
  },
  60_000,
);

test('what is old by the time at which it was made leaves Redis, once that very record is a row', async () => {
  const kept: RecordMapping = { ...order, appendOnly: true };
  const leaving = withRegistry({ ...kept, retentionDays: 90 });
  const [older, old] = [daysAgo(200), daysAgo(100)];
  await write(1, { created_at: older, item: 'tea' });
  await write(2, { created_at: old, item: 'salt' });
  await write(3, { created_at: daysAgo(2), item: 'young' });
  await (await ownArchive(archive, withRegistry(kept)).start()).stop();
  // Another one by now, of which Postgres knows nothing yet.
  await write(1, { created_at: old, item: 'tea' });
  const policy = retentionInForce(undefined, leaving) ?? {};
  const report = await retain({ environment: archive.environment(), policy, catalogue: leaving });
  expect(report.kinds['order']).toMatchObject({ removed: 1, kept: { missing: { examples: ['order:1'] } } });
  await eventually(async () =>
    expect((await archive.redis.client.keys('order:*')).sort()).toEqual(['order:1', 'order:3']),
  );
  expect(await archive.lines('SELECT count(*) FROM orders')).toEqual(['3']);
}, 60_000);
