import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../../src/archive/schema/migrate';
import { aiRegistry } from '../../../src/mapping/ai-registry';
import { traceRecord } from '../../../src/archive/inspect/trace';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import {
  plainDataset,
  plainExperiment,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../../support/plain-writer';
import { connectTo } from '../schema/support/databases';
import { useArchive } from '../support/archive';
import { caughtUp, emptied } from '../support/in-step';
import { retain } from '../support/retention';
import { contentsOf, warmed } from '../support/warm';
import { inZone, putIntoZone } from '../support/zone';

// A naive time is UTC, whatever the columns, the server, the role and this process think of zones.

inZone('UTC');
const archive = useArchive();
const { lines, start, environment, differences, pass } = archive;

/** Every column with a time, `table.column`. */
const times = [...aiRegistry.values()].flatMap(({ table, columns }) =>
  columns.filter(({ decoder }) => decoder === 'time').map(({ column }) => [table, column] as const),
);

/** Puts the database into a zone, and makes the tables: as they are made now, or with the types they had before 0.1 was published. */
async function prepare(type: string, zone: string): Promise<void> {
  const name = new URL(archive.postgres.url).pathname.slice(1);
  await archive.postgres.query(`ALTER DATABASE ${name} SET TimeZone = '${zone}'`);
  // Of the two the role's counts.
  await archive.postgres.query(
    zone.startsWith('America')
      ? `ALTER ROLE CURRENT_USER IN DATABASE ${name} SET TimeZone = '${zone}'`
      : `ALTER ROLE CURRENT_USER IN DATABASE ${name} RESET TimeZone`,
  );
  await emptied(archive.postgres);
  const client = await connectTo(archive.postgres.url);
  expect((await client.query('SHOW TimeZone')).rows).toEqual([{ TimeZone: zone }]);
  await migrate(client, { catalogue: aiRegistry });
  if (type === 'timestamptz') {
    for (const [table, column] of times)
      await client.query(`ALTER TABLE ${table} ALTER "${column}" TYPE timestamptz`);
  }
  expect(
    await lines(
      `SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'public' AND data_type LIKE 'timestamp%'`,
    ),
  ).toEqual([type === 'timestamp' ? 'timestamp without time zone' : 'timestamp with time zone']);
}

/** Stored times, as UTC: the connection is in it. */
const stored = () =>
  lines(
    times
      .map(
        ([table, column]) =>
          `SELECT '${table}.${column}', to_char("${column}", 'YYYY-MM-DD HH24:MI:SS.US') FROM ${table} WHERE "${column}" IS NOT NULL`,
      )
      .join(' UNION ALL ') + ' ORDER BY 1, 2',
  );

const zones = [
  { server: 'Asia/Tehran', process: 'UTC' },
  { server: 'America/St_Johns', process: 'Asia/Tehran' },
  { server: 'UTC', process: 'America/St_Johns' },
];
const scenes = zones.flatMap((zone) => ['timestamp', 'timestamptz'].map((type) => ({ type, ...zone })));

test.each(scenes)(
  'times in $type columns, a server in $server, a process in $process',
  async ({ type, server, process }) => {
    putIntoZone(process);
    await prepare(type, server);
    const { client } = archive.redis;
    const written = '2025-03-30T02:30:00.000001'; // an hour that some zones do not have
    const model = await plainModel(client, {
      created_at: written,
      updated_at: '2026-01-05T23:59:59.999999+03:30',
    });
    const version = await plainVersion(client, model, { created_at: '2026-01-05T14:30:00Z' });
    await plainDataset(client, { created_at: '2025-11-02T01:30:00' });
    await plainExperiment(client, {
      created_at: '2026-01-01T00:00:00.5',
      completed_at: '2025-12-31T20:00:00-0330',
    });
    const run = await plainRun(client, version, {
      started_at: written,
      completed_at: '2026-01-02T00:00:00',
      status: 'completed',
    });
    await plainMetric(client, run, { epoch: 1, timestamp: '2025-11-30T23:30:00.123456' });
    await plainMetric(client, run, { epoch: 2, timestamp: '2025-12-01T00:30:00' });
    const old = await plainPrediction(client, version, { timestamp: '2025-11-30T23:30:00.000010' });
    await plainPrediction(client, version, { timestamp: '2025-12-01T06:15:00+05:45' });
    const expected = [
      'datasets.created_at|2025-11-02 01:30:00.000000',
      'experiments.completed_at|2025-12-31 23:30:00.000000',
      'experiments.created_at|2026-01-01 00:00:00.500000',
      'metrics.timestamp|2025-11-30 23:30:00.123456',
      'metrics.timestamp|2025-12-01 00:30:00.000000',
      'models.created_at|2025-03-30 02:30:00.000001',
      'models.updated_at|2026-01-05 20:29:59.999999',
      'model_versions.created_at|2026-01-05 14:30:00.000000',
      'predictions.timestamp|2025-11-30 23:30:00.000010',
      'predictions.timestamp|2025-12-01 00:30:00.000000',
      'training_runs.completed_at|2026-01-02 00:00:00.000000',
      'training_runs.started_at|2025-03-30 02:30:00.000001',
    ].sort();
    const daemon = await start({ ON_DELETE: 'delete' });
    expect((await stored()).sort()).toEqual(expected);
    expect(await differences()).toEqual({});
    const before = await lines('SELECT xmin, id FROM models UNION ALL SELECT xmin, id FROM training_runs');
    expect((await pass(daemon)).differences).toEqual({});
    expect(await lines('SELECT xmin, id FROM models UNION ALL SELECT xmin, id FROM training_runs')).toEqual(
      before,
    );

    // By value, through the shortest way; by the mirror; and the deletion of both.
    const carried = await archive.store.logPrediction({ modelVersionId: version, output: {} });
    const at = String(await client.hget(`aidb:prediction:${carried}`, 'timestamp'))
      .replace('T', ' ')
      .padEnd(20, '.')
      .padEnd(26, '0');
    await archive.becomes(
      `SELECT to_char("timestamp", 'YYYY-MM-DD HH24:MI:SS.US') FROM predictions WHERE redis_id = ${carried}`,
      [at],
    );
    const plain = await plainPrediction(client, version, { timestamp: '2026-02-01T12:00:00' });
    await archive.becomes(`SELECT count(*) FROM predictions`, ['4']);
    await client.del(`aidb:prediction:${carried}`, `aidb:prediction:${plain}`);
    await archive.becomes(`SELECT count(*) FROM predictions`, ['2']);
    const config = loadConfig(environment());
    const target = requirePostgres(config);
    for (const [kind, id] of [
      ['model', '1'],
      ['prediction', String(old)],
      ['run', '1'],
    ] as const)
      expect((await traceRecord(config, target, kind, Buffer.from(id))).verdict.sentence).toMatch(
        /^Applied: row 1 of \w+, equal/,
      );
    await daemon.stop();
    await client.del('aidb:idx:predictions:1');

    // Retention: half an hour before and after the time that counts.
    const whole = await contentsOf(client);
    const days = (Date.now() - Date.parse('2025-12-01T00:00:00Z')) / 86_400_000;
    const report = await retain({ environment: environment(), policy: { prediction: days, metric: days } });
    expect(report.kinds).toMatchObject({
      prediction: { removed: 1, kept: {} },
      metric: { removed: 1, kept: {} },
    });
    const [noted] = await lines(
      `SELECT to_char(before, 'YYYY-MM-DD HH24:MI') FROM millrace.retention WHERE kind = 'prediction'`,
    );
    expect(noted).toMatch(/^2025-(11-30 23:59|12-01 00:00)$/);
    // Gone that way it stays, told deleted or not.
    const again = await start({ ON_DELETE: 'delete' });
    await client.xadd('millrace:changes', '*', 'prediction-', String(old), 'model', '1');
    await caughtUp(archive, again.running);
    expect(await lines('SELECT count(*) FROM predictions')).toEqual(['2']);
    await again.stop();

    await client.flushall();
    await warmed(archive);
    const restored = await contentsOf(client);
    for (const key of ['aidb:model:1', 'aidb:run:1', `aidb:prediction:${old}`, 'aidb:metric:1:loss:train'])
      expect(restored[key]).toEqual(
        key.startsWith('aidb:model') ? expect.arrayContaining([written]) : whole[key],
      );
    expect(await differences()).toEqual({});
  },
  60_000,
);

test('the documents’ own adapter, with naive times, reads and writes the same hours in new tables', async () => {
  await prepare('timestamp', 'Asia/Tehran');
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client, { created_at: '2026-01-05T14:30:00' }));
  await plainPrediction(client, version, { timestamp: '2026-01-05T23:00:00' });
  await start();
  const adapter = await connectTo(archive.postgres.url); // in the zone of the database, as SQLAlchemy is
  const { rows } = await adapter.query(
    'SELECT created_at::text FROM models UNION ALL SELECT "timestamp"::text FROM predictions',
  );
  expect(rows).toEqual([{ created_at: '2026-01-05 14:30:00' }, { created_at: '2026-01-05 23:00:00' }]);
  await adapter.query(
    `INSERT INTO models (name, created_at) VALUES ('theirs', '2026-01-06 01:00:00'::timestamp)`,
  );
  expect(await lines(`SELECT created_at::text FROM models WHERE name = 'theirs'`)).toEqual([
    '2026-01-06 01:00:00',
  ]);
});

test('tables with zones can be changed under a running daemon, as docs/03 says', async () => {
  await prepare('timestamptz', 'Asia/Tehran');
  const { client } = archive.redis;
  const version = await plainVersion(client, await plainModel(client, { created_at: '2026-01-05T14:30:00' }));
  await plainPrediction(client, version, { timestamp: '2026-01-05T23:00:00.000001' });
  const daemon = await start();
  const docs = readFileSync(join(__dirname, '..', '..', '..', 'docs', '03-postgres.md'), 'utf8');
  const [, sql = ''] = /```sql\n(SELECT format\('ALTER TABLE.*?)\\gexec/s.exec(docs) ?? [];
  for (const statement of await lines(sql)) await archive.postgres.query(statement);
  expect(await stored()).toContain('predictions.timestamp|2026-01-05 23:00:00.000001');
  expect((await pass(daemon)).differences).toEqual({});
  await plainPrediction(client, version, { timestamp: '2026-01-05T23:00:00.000002' });
  await archive.becomes('SELECT "timestamp" FROM predictions ORDER BY id DESC LIMIT 1', [
    '2026-01-05 23:00:00.000002',
  ]);
  expect(await differences()).toEqual({});
});
