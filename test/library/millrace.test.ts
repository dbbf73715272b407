import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { Millrace, type MillraceOptions, type PipelineEvent } from '../../src/index';
import { useArchive } from '../archive/support/archive';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();
const dbPath = join(folder, 'aliases.db');
const db = aliasDatabase(dbPath);
afterAll(() => db.close());

const opened: Millrace[] = [];
afterEach(async () => {
  for (const millrace of opened.splice(0)) await millrace.stop();
});

/** Of both pipelines unless told otherwise. */
function open(options: MillraceOptions = {}): Millrace {
  const { redis, postgres } = archive;
  const stores = { redisUrl: redis.url, postgresUrl: postgres.url, dbPath, interval: 3600 };
  const millrace = new Millrace({ ...stores, ...options });
  opened.push(millrace);
  return millrace;
}

const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown;

test('fullSync returns the document’s statistics object, of a pass of its own', async () => {
  const { store } = archive;
  const modelId = await store.createModel({ name: 'ResNet50' });
  await store.createDataset({ name: 'ImageNet' });
  const modelVersionId = await store.createModelVersion({ modelId, version: '1' });
  const runId = await store.createTrainingRun({ modelVersionId });
  await store.logHyperparameters(runId, { lr: 0.1, amp: true });
  await store.logMetric(runId, { metricName: 'loss', metricValue: 1 });
  await store.logPredictions([{ modelVersionId }, { modelVersionId }, { modelVersionId: 99 }]);
  const experimentId = await store.createExperiment({ name: 'first' });
  await store.addRunToExperiment({ experimentId, trainingRunId: runId });
  const millrace = open();
  expect(await millrace.fullSync()).toEqual({
    ...{ models: 1, versions: 1, datasets: 1, runs: 1, hyperparams: 2 },
    ...{ metrics: 1, experiments: 1, predictions: 2, errors: 1 },
  });
  expect(await archive.lines('SELECT count(*) FROM predictions')).toEqual(['2']);
  expect(await millrace.fullSync()).toMatchObject({ models: 0, predictions: 0, errors: 1 });
  expect(millrace.running).toBe(false);
});

test('fullSync called several times at once, and beside a start, counts each record once', async () => {
  await archive.store.createModel({ name: 'one' });
  const millrace = open();
  const passes = [millrace.fullSync(), millrace.fullSync()];
  const started = millrace.start();
  passes.push(millrace.fullSync());
  await started;
  passes.push(millrace.fullSync());
  const models = (await Promise.all(passes)).map((statistics) => statistics.models);
  expect(models).toEqual([1, 0, 0, 0]);
});

test('syncAliases brings every alias to Redis, stopped and running', async () => {
  db.exec("DELETE FROM team_aliases; INSERT INTO team_aliases VALUES (1, 'rmcf'), (2, 'fcb')");
  const millrace = open();
  expect(await millrace.syncAliases()).toMatchObject({
    total: 2,
    added: 2,
    updated: 0,
    deleted: 0,
    blocked: [],
  });
  expect(await archive.redis.client.get('alias:team:rmcf')).toBe('["1"]');
  await millrace.start();
  await archive.redis.client.del('alias:team:rmcf');
  expect(await millrace.syncAliases()).toMatchObject({ total: 2, added: 1 });
});

test('started, changes travel by themselves, and events tell of them over a restart', async () => {
  const millrace = open();
  const events: PipelineEvent[] = [];
  millrace.events$.subscribe((event) => events.push(event));
  const applied = (pipeline: string) =>
    firstValueFrom(
      millrace.events$.pipe(filter((event) => event.type === 'applied' && event.pipeline === pipeline)),
    );
  for (const name of ['first', 'second']) {
    await millrace.start();
    await eventually(() => millrace.status()?.ready);
    const told = [applied('archive'), applied('aliases')];
    await archive.store.createModel({ name });
    db.prepare('INSERT INTO team_aliases VALUES (7, ?)').run(name);
    expect(await Promise.all(told)).toEqual([
      expect.objectContaining({ added: 1 }),
      expect.objectContaining({ added: 1 }),
    ]);
    await millrace.stop();
    expect(millrace.status()).toBeUndefined();
  }
  await archive.becomes('SELECT name FROM models ORDER BY name', ['first', 'second']);
  expect(events.filter(({ type }) => type === 'pass-done').length).toBeGreaterThanOrEqual(4);
});

test('start and stop may be called in any order, as often as one likes', async () => {
  const millrace = open({ only: 'aliases' });
  await millrace.stop();
  await millrace.finished;
  await Promise.all([millrace.start(), millrace.start()]);
  await millrace.start();
  expect(millrace.running).toBe(true);
  await Promise.all([millrace.stop(), millrace.stop()]);
  for (let round = 0; round < 10; round++) {
    const cut = millrace.start();
    const { finished } = millrace;
    const asked = millrace.syncAliases();
    const stopping = millrace.stop();
    const again = millrace.start();
    const refusals = await Promise.allSettled([cut, asked]);
    expect(refusals).toEqual(Array(2).fill({ status: 'rejected', reason: code('E_STOPPED') }));
    await Promise.all([finished, stopping, again]);
    expect(millrace.status()?.aliases).toMatchObject({ failure: null });
    await millrace.stop();
  }
});

test('stop ends a pass on its own, and what waits behind it', async () => {
  const { redis, store } = archive;
  await store.createModel({ name: 'one' });
  await redis.client.call('CLIENT', 'PAUSE', '1500', 'ALL');
  const millrace = open();
  const passes = [millrace.fullSync(), millrace.fullSync()];
  const stopped = millrace.stop();
  for (const pass of passes) await expect(pass).rejects.toEqual(code('E_STOPPED'));
  await stopped;
  expect(await millrace.fullSync()).toMatchObject({ models: 1 });
});

test('a caller’s signal ends its waiting, and nothing else', async () => {
  const millrace = open();
  await expect(millrace.fullSync({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
    'enough',
  );
  await millrace.start();
  await archive.redis.client.call('CLIENT', 'PAUSE', '1000', 'ALL');
  const impatient = millrace.fullSync({ signal: AbortSignal.timeout(100) });
  await expect(impatient).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(await millrace.fullSync()).toMatchObject({ errors: 0 });
});

test('runContinuous lasts until its signal aborts', async () => {
  const millrace = open();
  const stop = new AbortController();
  const running = millrace.runContinuous({ intervalSeconds: 1, signal: stop.signal });
  await expect(millrace.runContinuous()).rejects.toEqual(code('E_ALREADY_RUNNING'));
  const passes = () => millrace.status()?.aliases?.lastPass?.startedAt;
  await eventually(passes);
  const first = passes();
  await eventually(() => passes() !== first);
  stop.abort();
  await running;
  expect(millrace.running).toBe(false);
  await millrace.runContinuous({ signal: stop.signal });
  await expect(millrace.runContinuous({ intervalSeconds: 0 })).rejects.toMatchObject({
    code: 'E_CONFIG',
    message: expect.stringContaining('intervalSeconds="0" must be from 1') as unknown,
  });
});

test('a paused pipeline refuses a pass, and can be resumed, whether anything runs or not', async () => {
  const millrace = open();
  await millrace.fullSync();
  await millrace.pause('archive', 'the test');
  await expect(millrace.fullSync()).rejects.toEqual(code('E_PAUSED'));
  await millrace.start();
  await eventually(() => millrace.status()?.archive?.paused?.by === 'the test');
  await expect(millrace.fullSync()).rejects.toEqual(code('E_PAUSED'));
  await millrace.resume('archive');
  await eventually(() => millrace.status()?.archive?.paused === null);
  expect(await millrace.fullSync()).toMatchObject({ errors: 0 });
});

test('of two on the same stores one stands by: it answers all the same, and takes over', async () => {
  const [one, other] = [open({ only: 'archive' }), open({ only: 'archive' })];
  await one.start();
  await other.start();
  await eventually(() => other.status()?.archive?.role === 'standby');
  await archive.store.createModel({ name: 'one' });
  expect(await other.fullSync()).toMatchObject({ errors: 0 });
  expect(await archive.lines('SELECT name FROM models')).toEqual(['one']);
  await one.stop();
  await eventually(() => other.status()?.archive?.role === 'owner');
});

test('parked records are listed, tried again and given up', async () => {
  const millrace = open({ only: 'archive' });
  await archive.store.logPrediction({ modelVersionId: 9, output: { label: 'cat' } });
  await millrace.fullSync();
  const { letters, total } = await millrace.deadLetters.list({ kind: 'prediction' });
  expect([total, letters[0]?.key]).toEqual([1, 'aidb:prediction:1']);
  const contents = await millrace.deadLetters.contents(letters[0]?.id ?? '');
  expect(contents).toContainEqual(['output', '{"label": "cat"}']);
  expect(await millrace.deadLetters.retry()).toBe(1);
  await expect(millrace.deadLetters.drop({})).rejects.toEqual(code('E_CONFIG'));
  await expect(millrace.deadLetters.drop({ ids: ['1; DROP'] })).rejects.toEqual(code('E_CONFIG'));
  expect(await millrace.deadLetters.drop('all')).toBe(1);
  expect(await millrace.deadLetters.list()).toEqual({ letters: [], total: 0 });
});
