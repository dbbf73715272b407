import { join } from 'node:path';
import type Redis from 'ioredis';
import { examine } from '../../../src/aliases/inspect/examine';
import { storeFacts } from '../../../src/aliases/inspect/store-facts';
import { archiveDryRun } from '../../../src/archive/pass/dry-run';
import { examineArchive } from '../../../src/archive/inspect/examine';
import { archiveStoreFacts } from '../../../src/archive/inspect/store-facts';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import type { Environment } from '../../../src/config/environment';
import type { RedisSource } from '../../../src/writer/function-client';
import { ModelStore } from '../../../src/writer/model-store';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { plainMetric, plainModel, plainPrediction, plainVersion } from '../../support/plain-writer';
import { aliasDatabase } from '../../support/alias-database';

/** Two servers, and how the three parties get in. */
export interface World {
  /** The daemon's settings, but for the SQLite file. */
  readonly environment: Readonly<Record<string, string>>;
  /** What an application that calls the functions connects with. */
  readonly writer: RedisSource;
  /** A REDIS_URL for doctor, status and reconcile --dry-run, beside the daemon's own. */
  readonly inspector?: string;
  /** An application that does not know Millrace. */
  readonly application: Redis;
  /** The rows, in which the values are text with `|` between. */
  readonly lines: (sql: string) => Promise<readonly string[]>;
}

/**
 * Both pipelines, everything they are for: aliases come, change and go; plain writes and function calls become rows, one record is
 * parked and freed; full passes; what doctor, status and reconcile --dry-run look at.
 */
export async function mainPath(world: World, folder: string): Promise<void> {
  const { application, lines } = world;
  const dbPath = join(folder, 'sports_data.db');
  const db = aliasDatabase(dbPath);
  db.exec(`INSERT INTO team_aliases VALUES ('1', 'before'), ('2', 'other')`);
  const environment = { MILLRACE_ONLY: '', SYNC_INTERVAL: '3600', ...world.environment, DB_PATH: dbPath };
  await plainModel(application, { name: 'before' });
  const daemon = await startDaemon(environment);
  const alive = daemon.running;
  const becomes = (sql: string, ...expected: string[]) =>
    eventually(async () => expect(await lines(sql)).toEqual(expected), { alive });
  const aliasIs = (key: string, value: string | null) =>
    eventually(async () => expect(await application.get(key)).toBe(value), { alive });

  await aliasIs('alias:team:before', '["1"]');
  db.exec(`INSERT INTO team_aliases VALUES ('3', 'before'), ('4', 'new')`);
  await aliasIs('alias:team:before', '["1","3"]');
  db.exec(`DELETE FROM team_aliases WHERE alias = 'new'`);
  await aliasIs('alias:team:new', null);

  await becomes('SELECT name FROM models', 'before');
  const model = await plainModel(application, { name: 'plain' });
  await becomes('SELECT name FROM models ORDER BY id', 'before', 'plain');
  const version = await plainVersion(application, model);
  await plainPrediction(application, version, { confidence: '0.25' });
  await plainMetric(application, 77);
  await becomes('SELECT confidence FROM predictions', '0.25');
  await becomes('SELECT waiting_for FROM millrace.dead_letters', 'run:77');

  const store = new ModelStore(world.writer);
  try {
    const modelVersionId = await store.createModelVersion({ modelId: model, version: '2' });
    await store.logPrediction({ modelVersionId, confidence: 0.5 });
    await becomes('SELECT confidence FROM predictions ORDER BY id', '0.25', '0.5');
    await application.set('aidb:counter:run', '76');
    const run = await store.createTrainingRun({ modelVersionId });
    await store.logMetrics(run, [{ metricName: 'loss', metricValue: 0.1, epoch: 1 }]);
    await store.logHyperparameters(run, { lr: 1 });
    await becomes('SELECT count(*) FROM metrics', '2');
    const experiment = await store.createExperiment({ name: 'e' });
    await store.addRunToExperiment({ experimentId: experiment, trainingRunId: run });
    await store.createDataset({ name: 'd' });
    await becomes(
      'SELECT (SELECT count(*) FROM experiment_runs) || (SELECT count(*)::text FROM datasets)',
      '11',
    );
    await store.updateModel(model, { name: 'renamed' });
    await becomes('SELECT name FROM models ORDER BY id', 'before', 'renamed');
    expect(await store.deletePrediction(1)).toBe(true);
    expect(await store.getModel(model)).toMatchObject({ name: 'renamed' });
  } finally {
    store.close();
  }
  await becomes('SELECT count(*) FROM millrace.dead_letters', '0');

  const asked = await lines(
    'UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp() RETURNING 1',
  );
  expect(asked).toEqual(['1']);
  await becomes(
    `SELECT ((last_pass ->> 'requestedAt')::timestamptz >= pass_requested_at)::text FROM millrace.checkpoint`,
    'true',
  );
  await eventually(async () => expect((await daemon.status()).troubles).toEqual([]), { alive });

  expect(await findings(environment)).toEqual([]);
  await look(environment);
  if (world.inspector !== undefined) await look({ ...environment, REDIS_URL: world.inspector });
  expect(daemon.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  await daemon.stop();
  db.close();
}

/** Of servers that last for a test doctor disapproves. */
const ofTests = /^Redis keeps snapshots at best|^Postgres runs with fsync = off/;

/** What doctor finds wrong. */
async function findings(environment: Environment): Promise<readonly string[]> {
  const config = loadConfig(environment);
  const found = [...(await examine(config)), ...(await examineArchive(config, requirePostgres(config)))];
  return found.flatMap(({ level, what }) => (level === 'ok' || ofTests.test(what) ? [] : [what]));
}

/** What only reads. */
async function look(environment: Environment): Promise<void> {
  const config = loadConfig(environment);
  const postgres = requirePostgres(config);
  expect((await storeFacts(config)).inStep).toBe(true);
  expect((await archiveStoreFacts(config, postgres)).migrated).toBe(true);
  const { differences } = await archiveDryRun(config, postgres, () => undefined);
  expect(Object.values(differences).every((count) => count === 0)).toBe(true);
}
