import { runCli } from '../support/run-cli';
import { eventually } from '../support/eventually';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { temporaryFolder } from '../support/temporary-folder';
import { useArchive } from '../archive/support/archive';
import { emptied } from '../archive/support/in-step';
import { daysAgo, dumps } from '../archive/support/retention';

const archive = useArchive();
const folder = temporaryFolder();
const cli = (args: readonly string[], changes: Readonly<Record<string, string>> = {}) =>
  runCli(['retention', ...args], archive.environment(changes), folder);

test('the verb says how to set the days, and what is wrong with those that are set', async () => {
  await emptied(archive.postgres);
  const unset = await cli([]);
  expect(unset.code).toBe(1);
  expect(unset.output).toContain('nothing says how long records stay in Redis (E_CONFIG)');
  expect(unset.output).toContain('Set RETENTION_DAYS (or --days): 90 for predictions and metrics');
  const wrong = await cli(['--days', '0'], { RETENTION_DAYS: '90' });
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('--days="0" must be whole days from 1 to 36500');
  const early = await cli(['--days', '90']);
  expect(early.code).toBe(1);
  expect(early.output).toContain('E_PG_NOT_MIGRATED');
});

test('the verb tells, and does, what the setting says: dry run, pause, JSON, and old records that Postgres has not', async () => {
  const { client } = archive.redis;
  const { postgres } = archive;
  const created_at = daysAgo(300);
  const version = await plainVersion(client, await plainModel(client, { created_at }), { created_at });
  const gone = await plainPrediction(client, version, { timestamp: daysAgo(100) });
  const missing = await plainPrediction(client, version, { timestamp: daysAgo(100) });
  const daemon = await archive.start();
  await eventually(async () => expect(await archive.differences()).toEqual({}), { alive: daemon.running });
  await daemon.stop();
  await postgres.query('DELETE FROM predictions WHERE redis_id = $1', [missing]);
  const before = await dumps(client);

  const dry = await cli(['--dry-run'], { RETENTION_DAYS: 'prediction=90' });
  expect(dry.output).toMatch(
    new RegExp(
      String.raw`^Warning: .*fsync.*\npredictions before .* UTC: 1\n  kept back: 1 not in Postgres: aidb:prediction:${missing}\n` +
        String.raw`1 predictions \(about \d+ bytes\) would be removed from Redis; \d+ keys looked at in .*s\n$`,
    ),
  );
  expect(dry.code).toBe(2);
  await postgres.query(`UPDATE millrace.checkpoint SET paused_at = now(), paused_by = 'somebody'`);
  const paused = await cli([], { RETENTION_DAYS: '90' });
  expect(paused).toMatchObject({ code: 1, output: expect.stringContaining('E_PAUSED') as string });
  expect(await dumps(client)).toEqual(before);

  await postgres.query('UPDATE millrace.checkpoint SET paused_at = NULL, paused_by = NULL');
  const done = await cli(['--days', '99', '--json'], { RETENTION_DAYS: '3650' });
  expect(JSON.parse(done.output)).toMatchObject({
    dryRun: false,
    complete: true,
    kinds: { prediction: { removed: 1, kept: { missing: { count: 1 } } }, metric: { removed: 0, kept: {} } },
  });
  expect(done.code).toBe(2);
  await eventually(async () => expect(await client.exists(`aidb:prediction:${gone}`)).toBe(0));
  expect(await client.exists(`aidb:prediction:${missing}`)).toBe(1);
});
