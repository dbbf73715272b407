import fc from 'fast-check';
import type Redis from 'ioredis';
import { pack } from '../../src/archive/record/packed';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import { connectTo, putFoundTables } from './schema/support/databases';
import { ExpectedRows } from './support/expected-rows';
import { passAskedFor } from './support/letters';
import { countRows, storedRows } from './support/stored-rows';
import {
  anyAppended,
  anyRecords,
  appendEntries,
  callFunctions,
  writeFidelityParents,
  writeHash,
  writePlain,
} from './support/write-records';
import { inZone } from './support/zone';

// Nothing is in UTC: neither the process nor the database, and no setting of it is as usual. Hundreds of records at once, then one
// comparison; on failure fast-check prints its seed.

inZone('Asia/Tehran');
const settings = {
  TimeZone: 'Asia/Tehran',
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-15',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  row_security: 'off',
  search_path: 'public, pg_catalog',
  check_function_bodies: 'off',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  session_replication_role: 'replica',
  synchronous_commit: 'off',
  plan_cache_mode: 'force_generic_plan',
  enable_indexscan: 'off',
  'plpgsql.variable_conflict': 'use_column',
  lock_timeout: '1ms',
  statement_timeout: '2s',
  idle_in_transaction_session_timeout: '500ms',
  idle_session_timeout: '500ms',
};
const runs = { numRuns: 2, endOnFailure: true };

let redis: TestRedis;
let client: Redis;
let postgres: TestPostgres;
let expected: ExpectedRows;

beforeAll(async () => {
  redis = await testRedis();
  client = redis.client;
});
beforeEach(async () => {
  await client.flushall();
  postgres = await testPostgres();
  const database = new URL(postgres.url).pathname.slice(1);
  for (const [name, value] of Object.entries(settings))
    await postgres.query(
      `ALTER DATABASE ${database} SET ${name} = ${name === 'search_path' ? value : `'${value}'`}`,
    );
  expected = new ExpectedRows();
  await writeFidelityParents(client);
});

const start = (settings: Record<string, string> = {}): Promise<TestDaemon> =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, ...settings });

const untilCount = (daemon: TestDaemon, table: string, rows: number) =>
  eventually(async () => (await countRows(postgres, [table]))[table] === rows, { alive: daemon.running });

test('what plain writers write arrives through the mirror as it is, and a pass finds nothing to mend', async () => {
  const daemon = await start();
  await fc.assert(
    fc.asyncProperty(anyRecords, async (records) => {
      await writePlain(client, expected, records);
      await expected.toBeStored(postgres, daemon);
    }),
    runs,
  );
  expect(await passAskedFor(postgres, daemon)).toEqual({});
}, 60_000);

test('a full pass alone brings everything as it is, and a second one finds nothing to mend', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await fc.assert(
    fc.asyncProperty(anyRecords, async (records) => {
      await writePlain(client, expected, records);
      await passAskedFor(postgres, daemon);
      await expected.toBeStored(postgres, daemon);
    }),
    runs,
  );
  expect(await passAskedFor(postgres, daemon)).toEqual({});
}, 60_000);

test('what the functions carry by value arrives as it is, without the mirror and without a pass', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await fc.assert(
    fc.asyncProperty(anyAppended, async (appended) => {
      await callFunctions(client, expected, appended);
      await expected.toBeStored(postgres, daemon);
    }),
    runs,
  );
  expect(await passAskedFor(postgres, daemon)).toEqual({});
}, 60_000);

test('a stream entry is enough: its record need not be in Redis any more', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await fc.assert(
    fc.asyncProperty(anyAppended, async (appended) => {
      await appendEntries(client, expected, appended);
      await expected.toBeStored(postgres, daemon);
    }),
    runs,
  );
}, 60_000);

test('three points at one epoch stay three rows, however they came and however often they are read', async () => {
  const daemon = await start();
  const point = (value: string, micros: number) =>
    `{"epoch": 1, "step": null, "metric_name": "loss", "metric_value": ${value}, "split": "val", ` +
    `"timestamp": "2026-01-05T14:30:00.00000${micros}"}`;
  for (const member of [point('0.5', 1), point('0.5', 2), point('NaN', 1)])
    await client.zadd('aidb:metric:1:loss:val', 1, member);
  const again = pack(['1', '2026-01-05T14:30:00', 'loss:val', point('0.5', 1)]);
  await client.xadd('millrace:changes', '*', 'metric=', again, 'metric=', again, 'metric', '1:loss:val');
  await untilCount(daemon, 'metrics', 3);
  await passAskedFor(postgres, daemon);
  expect(await storedRows(postgres, 'metrics')).toEqual([
    ['1', null, 'loss', 0.5, 'val', '2026-01-05 14:30:00.000001'],
    ['1', null, 'loss', 0.5, 'val', '2026-01-05 14:30:00.000002'],
    ['1', null, 'loss', NaN, 'val', '2026-01-05 14:30:00.000001'],
  ]);
});

const same = (text: string) => ({ written: text, stored: text });

test('in adopted tables a naive time is UTC as well and nothing else changes', async () => {
  const admin = await connectTo(postgres.url);
  await putFoundTables(admin);
  await admin.query('TRUNCATE models, datasets, experiments CASCADE');
  const daemon = await start();
  const fields = {
    ...{ name: same('large'), description: same('C:\\new'), source_path: same(''), format: same('\\.') },
    ...{ size_bytes: same('150000000000'), num_samples: same('0') },
    ...{ split_info: same('{"a": 1.0, "a": 1e-07}'), preprocessing: same('[1152921504606846977]') },
    created_at: { written: '2026-01-05T23:59:59.000001', stored: '2026-01-05 23:59:59.000001' },
  };
  await writeHash(client, expected, { key: 'aidb:dataset:2', table: 'datasets', fields });
  await untilCount(daemon, 'datasets', 1);
  const timestamp = '2026-01-05T01:00:00+03:30';
  await client.hset('aidb:prediction:2', { model_version_id: '1', input: '{}', timestamp });
  await untilCount(daemon, 'predictions', 1);
  const rows = await postgres.query(
    'SELECT "timestamp"::text AS at, input_data::text AS input FROM predictions',
  );
  expect(rows).toEqual([{ at: '2026-01-04 21:30:00', input: '{}' }]);
  await expected.toBeStored(postgres, daemon);
  expect(await passAskedFor(postgres, daemon)).toEqual({});
});

test('a session that the server ends for being idle is no fault, and the next write lands', async () => {
  const daemon = await start();
  const sessions = async () =>
    (
      await postgres.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace-%'`,
      )
    ).map(({ pid }) => pid);
  const before = await sessions();
  expect(before).not.toEqual([]);
  await eventually(async () => expect(await sessions()).not.toEqual(expect.arrayContaining(before)));
  await client.hset('aidb:prediction:2', { model_version_id: '1', timestamp: '2026-01-05T01:00:00' });
  await untilCount(daemon, 'predictions', 1);
  expect(daemon.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  expect((await daemon.status()).ready).toBe(true);
});
