import fc from 'fast-check';
import type Redis from 'ioredis';
import { pack } from '../../src/archive/packed';
import { startDaemon, type TestDaemon } from '../support/daemon';
import { eventually } from '../support/eventually';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { testRedis, type TestRedis } from '../support/stores';
import {
  anyDataset,
  anyExperiment,
  anyExprun,
  anyHyperparams,
  anyModel,
  anyPoint,
  anyPrediction,
  anyRun,
  anyVersion,
  memberOf,
  type Point,
  type Fields,
  storedPoint,
} from './support/any-records';
import { connectTo, putFoundTables } from './schema/support/databases';
import { countRows, inOrder, type StoredRow, storedRows } from './support/stored-rows';

// Everything in a zone that is not UTC: the process, the server's database, the role. On failure fast-check prints its seed.

const batch = <T>(record: fc.Arbitrary<T>, length: number) =>
  fc.array(record, { minLength: length, maxLength: length });
const runs = { numRuns: 2, endOnFailure: true };

/** The process itself: what a test sees as `process.env` is a copy. */
const outerEnv = jest
  .requireActual<{ inspect: { constructor: (code: string) => () => NodeJS.Process } }>('node:util')
  .inspect.constructor('return process')().env;
const zoneBefore = outerEnv['TZ'];

let redis: TestRedis;
let postgres: TestPostgres;
let client: Redis;
let expected: Map<string, StoredRow[]>;
let serial = 0;

beforeAll(async () => {
  outerEnv['TZ'] = 'Asia/Tehran';
  redis = await testRedis();
  client = redis.client;
});
afterAll(() => {
  if (zoneBefore === undefined) delete outerEnv['TZ'];
  else outerEnv['TZ'] = zoneBefore;
});
beforeEach(async () => {
  expect(new Date(1_767_600_000_000).getTimezoneOffset()).toBe(-210);
  await client.flushall();
  postgres = await testPostgres();
  const database = new URL(postgres.url).pathname.slice(1);
  await postgres.query(`ALTER DATABASE ${database} SET timezone = 'Asia/Tehran'`);
  expected = new Map();
  serial = 0;
  const parent = {
    name: 'parent',
    version: 'parent',
    run_name: 'parent',
    model_id: '1',
    model_version_id: '1',
  };
  const born = { created_at: '2026-01-05T14:30:00', started_at: '2026-01-05T14:30:00' };
  for (const kind of ['model', 'version', 'run', 'dataset', 'experiment'])
    await client.hset(`aidb:${kind}:1`, { ...parent, ...born });
});

const start = (settings: Record<string, string> = {}): Promise<TestDaemon> =>
  startDaemon({ REDIS_URL: redis.url, POSTGRES_URL: postgres.url, ...settings });

function expectRow(table: string, row: StoredRow): void {
  expected.set(table, [...(expected.get(table) ?? []), row]);
}

/** The plain way. @param prefix before the first column, where Postgres allows a text once only */
async function write(
  key: string,
  table: string,
  record: Fields,
  more: Record<string, string> = {},
  tail: StoredRow = [],
  prefix = '',
) {
  const [first = ''] = Object.keys(record);
  const unique = (text: string | number | null | undefined) =>
    text == null || prefix === '' ? text : `${prefix} ${text}`;
  const fields = Object.entries(record).flatMap(([field, { written }]) =>
    written === undefined ? [] : [field, (field === first ? unique(written) : written) as string],
  );
  const rest = Object.entries(more).flat();
  if (fields.length + rest.length > 0) await client.hset(key, ...fields, ...rest);
  expectRow(table, [
    ...Object.entries(record).map(([field, { stored }]) =>
      field === first ? (unique(stored) ?? null) : stored,
    ),
    ...tail,
  ]);
}

/** Records of every kind, as plain writers write them. */
const anyRecords = fc.record({
  models: batch(anyModel, 30),
  datasets: batch(anyDataset, 30),
  versions: batch(anyVersion, 30),
  trainings: batch(anyRun, 40),
  experiments: batch(anyExperiment, 30),
  hyperparams: batch(anyHyperparams, 40),
  expruns: batch(anyExprun, 40),
  predictions: batch(anyPrediction, 150),
  points: batch(anyPoint, 150),
});

type Records = typeof anyRecords extends fc.Arbitrary<infer T> ? T : never;

async function writePlain(records: Records): Promise<void> {
  const id = () => String(++serial + 1);
  for (const [kind, table, list] of [
    ['model', 'models', records.models],
    ['dataset', 'datasets', records.datasets],
    ['experiment', 'experiments', records.experiments],
  ] as const)
    for (const record of list) await write(`aidb:${kind}:${id()}`, table, record, {}, [], String(serial));
  for (const record of records.versions)
    await write(`aidb:version:${id()}`, 'model_versions', record, { model_id: '1' }, [], String(serial));
  for (const [index, record] of records.trainings.entries()) {
    const run = id();
    const [dataset, name] = (
      [
        ['0', null],
        ['1', 'parent'],
        ['', null],
      ] as const
    )[index % 3] ?? ['0', null];
    await write(`aidb:run:${run}`, 'training_runs', record, { model_version_id: '1', dataset_id: dataset }, [
      name,
    ]);
    const values = records.hyperparams[index] ?? {};
    await client.hset(`aidb:hyperparam:${run}`, ...Object.entries(values).flat());
    for (const pair of Object.entries(values)) expectRow('hyperparameters', pair);
    const exprun = records.expruns[index] ?? {};
    await write(`aidb:exprun:1:${run}`, 'experiment_runs', exprun, {
      experiment_id: '1',
      training_run_id: run,
    });
  }
  for (const record of records.predictions)
    await write(`aidb:prediction:${id()}`, 'predictions', record, { model_version_id: '1' });
  for (const point of distinctPoints(records.points)) {
    await client.zadd(
      `aidb:metric:1:${point.name}:${point.split}`,
      String(point.epoch ?? point.step ?? 0),
      memberOf(point),
    );
    expectRow('metrics', storedPoint(point));
  }
}

/** A sorted set has each member once. Those of earlier runs of the property count, too. */
const seen = new Set<string>();
const distinctPoints = (points: readonly Point[]) =>
  points.filter((point) => !seen.has(memberOf(point)) && seen.add(memberOf(point)));
beforeEach(() => {
  seen.clear();
});

const expectedCounts = () => Object.fromEntries([...expected].map(([table, rows]) => [table, rows.length]));

async function expectStored(daemon: TestDaemon): Promise<void> {
  await eventually(
    async () => {
      expect(
        await postgres.query('SELECT kind, key, code, column_name, message FROM millrace.dead_letters'),
      ).toEqual([]);
      expect(await countRows(postgres, [...expected.keys()])).toEqual(expectedCounts());
    },
    { alive: daemon.running },
  );
  for (const [table, rows] of expected)
    expect({ table, rows: await storedRows(postgres, table) }).toEqual({ table, rows: inOrder(rows) });
}

/** Has a full pass made. @returns what it found different */
async function pass(daemon: TestDaemon) {
  const done = () =>
    daemon.log.lines.filter(
      ({ fields }) => fields['event'] === 'pass.done' && fields['reason'] === 'asked for',
    );
  const before = done().length;
  await postgres.query('UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp()');
  await eventually(() => done().length > before, { alive: daemon.running });
  return done().at(-1)?.fields['differences'];
}

test('what plain writers write arrives through the mirror as it is, and a pass finds nothing to mend', async () => {
  const daemon = await start();
  await fc.assert(
    fc.asyncProperty(anyRecords, async (records) => {
      await writePlain(records);
      await expectStored(daemon);
    }),
    runs,
  );
  expect(await pass(daemon)).toEqual({});
}, 60_000);

test('a full pass alone brings everything as it is, and a second one finds nothing to mend', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await fc.assert(
    fc.asyncProperty(anyRecords, async (records) => {
      await writePlain(records);
      await pass(daemon);
      await expectStored(daemon);
    }),
    runs,
  );
  expect(await pass(daemon)).toEqual({});
}, 60_000);

/** The library wants minutes, too: `+03` is refused. */
const wholeZone = (text: string) => text.replace(/^(\d{4}-.{6}\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d)$/, '$1:00');

/** The function library's pair of calls: everything in a stream entry, and the mirror is off. */
async function callFunctions(predictions: readonly Fields[], points: readonly Point[]): Promise<void> {
  const keys = ['millrace:changes', 'aidb:counter:prediction', 'aidb:version:1', 'aidb:idx:predictions:1'];
  const values = predictions.flatMap((fields) => [
    '1',
    ...Object.values(fields).map(({ written }) => wholeZone(written ?? '')),
  ]);
  await client.fcall('millrace_log_predictions', keys.length, ...keys, ...values);
  for (const fields of predictions) {
    const { input, output, metadata } = fields;
    const row = Object.entries(fields).map(([, { stored }]) => stored);
    // What is not given takes the library's default.
    for (const [index, cell] of [
      [0, input],
      [1, output],
      [5, metadata],
    ] as const)
      if (cell?.written === undefined) row[index] = '{}';
    expectRow('predictions', row);
  }
  const metricKeys = new Set(points.map(({ name, split }) => `aidb:metric:1:${name}:${split || 'train'}`));
  const all = ['millrace:changes', 'aidb:run:1', ...metricKeys];
  const cells = points.flatMap(({ name, value, epoch, step, split, at }) => [
    ...[name, value, String(epoch ?? ''), String(step ?? ''), split, at.written],
  ]);
  await client.fcall('millrace_log_metrics', all.length, ...all, '1', ...cells);
  for (const point of points) expectRow('metrics', storedPoint({ ...point, split: point.split || 'train' }));
}

const anyAppended = fc.record({ predictions: batch(anyPrediction, 200), points: batch(anyPoint, 200) });

test('what the functions carry by value arrives as it is, without the mirror and without a pass', async () => {
  const daemon = await start({ MIRROR: 'off' });
  await fc.assert(
    fc.asyncProperty(anyAppended, async ({ predictions, points }) => {
      const fresh = points.map((point) => ({
        ...point,
        ...{ split: point.split || 'train', ascii: true },
        at: { ...point.at, written: wholeZone(point.at.written) },
      }));
      await callFunctions(predictions, distinctPoints(fresh));
      await expectStored(daemon);
    }),
    runs,
  );
  expect(await pass(daemon)).toEqual({});
}, 60_000);

test('a stream entry is enough: its record need not be in Redis any more', async () => {
  const daemon = await start({ MIRROR: 'off' });
  const version = await client.hget('aidb:version:1', 'created_at');
  const run = await client.hget('aidb:run:1', 'started_at');
  await fc.assert(
    fc.asyncProperty(anyAppended, async ({ predictions, points }) => {
      const entries = client.pipeline();
      for (const fields of predictions) {
        const { input, output, confidence, inference_time_ms, timestamp, metadata } = fields;
        const cells = [input, output, confidence, inference_time_ms, timestamp, metadata].map(
          (cell) => cell?.written,
        );
        entries.xadd(
          'millrace:changes',
          '*',
          'prediction=',
          pack([String(++serial), version ?? '', '1', ...cells]),
        );
        expectRow(
          'predictions',
          Object.values(fields).map(({ stored }) => stored),
        );
      }
      for (const point of distinctPoints(points)) {
        const packed = pack(['1', run ?? '', `${point.name}:${point.split}`, memberOf(point)]);
        entries.xadd('millrace:changes', '*', 'metric=', packed);
        expectRow('metrics', storedPoint(point));
      }
      await entries.exec();
      await expectStored(daemon);
    }),
    runs,
  );
}, 60_000);

test('three points at one epoch stay three rows, however they came and however often they are read', async () => {
  const daemon = await start();
  const at = '2026-01-05T14:30:00';
  const point = (value: string, micros: number) =>
    `{"epoch": 1, "step": null, "metric_name": "loss", "metric_value": ${value}, "split": "val", "timestamp": "${at}.00000${micros}"}`;
  for (const member of [point('0.5', 1), point('0.5', 2), point('NaN', 1)])
    await client.zadd('aidb:metric:1:loss:val', 1, member);
  const again = pack(['1', '2026-01-05T14:30:00', 'loss:val', point('0.5', 1)]);
  await client.xadd('millrace:changes', '*', 'metric=', again, 'metric=', again, 'metric', '1:loss:val');
  await eventually(async () => (await countRows(postgres, ['metrics']))['metrics'] === 3, {
    alive: daemon.running,
  });
  await pass(daemon);
  expect(await storedRows(postgres, 'metrics')).toEqual([
    ['1', null, 'loss', 0.5, 'val', '2026-01-05 14:30:00.000001'],
    ['1', null, 'loss', 0.5, 'val', '2026-01-05 14:30:00.000002'],
    ['1', null, 'loss', NaN, 'val', '2026-01-05 14:30:00.000001'],
  ]);
});

test('in adopted tables, whose times have no zone, a naive time is UTC as well and nothing else changes', async () => {
  const admin = await connectTo(postgres.url);
  await putFoundTables(admin);
  await admin.query('TRUNCATE models, datasets, experiments CASCADE');
  const daemon = await start();
  await write('aidb:dataset:2', 'datasets', {
    name: { written: 'large', stored: 'large' },
    description: { written: 'C:\\new', stored: 'C:\\new' },
    source_path: { written: '', stored: '' },
    format: { written: '\\.', stored: '\\.' },
    size_bytes: { written: '150000000000', stored: '150000000000' },
    num_samples: { written: '0', stored: '0' },
    split_info: { written: '{"a": 1.0, "a": 1e-07}', stored: '{"a": 1.0, "a": 1e-07}' },
    preprocessing: { written: '[1152921504606846977]', stored: '[1152921504606846977]' },
    created_at: { written: '2026-01-05T23:59:59.000001', stored: '2026-01-05 23:59:59.000001' },
  });
  await eventually(async () => (await countRows(postgres, ['datasets']))['datasets'] === 1, {
    alive: daemon.running,
  });
  // A column without zone holds the digits themselves.
  expect(
    await admin.query('SELECT created_at::text AS at FROM datasets WHERE name = $1', ['large']),
  ).toMatchObject({
    rows: [{ at: '2026-01-05 23:59:59.000001' }],
  });
  await client.hset('aidb:prediction:2', {
    model_version_id: '1',
    input: '{}',
    timestamp: '2026-01-05T01:00:00+03:30',
  });
  await eventually(
    async () => {
      const { rows } = await admin.query(
        'SELECT "timestamp"::text AS at, input_data::text AS input FROM predictions',
      );
      expect(rows).toEqual([{ at: '2026-01-04 21:30:00', input: '{}' }]);
    },
    { alive: daemon.running },
  );
  expect(await pass(daemon)).toEqual({});
});
