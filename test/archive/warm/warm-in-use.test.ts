import { warm } from '../../../src/archive/warm/warm';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { eventually } from '../../support/eventually';
import type { TestDaemon } from '../../support/daemon';
import {
  plainExperiment,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
  plainHyperparams,
} from '../../support/plain-writer';
import { useArchive } from '../support/archive';
import { caughtUp } from '../support/in-step';
import { contentsOf, toldOf, versionsOfRows, warmed } from '../support/warm';

// A Redis that is not empty, ids that were used twice, and a daemon that looks on.

const archive = useArchive();
const client = () => archive.redis.client;
const at = (second: number): string => `2026-01-01T00:00:0${second}`;

async function inStep(daemon: TestDaemon): Promise<void> {
  await caughtUp(archive, daemon.running);
  await eventually(async () => expect(await archive.differences()).toEqual({}), { alive: daemon.running });
  await caughtUp(archive, daemon.running);
}

async function archiveAll(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  const daemon = await archive.start(settings);
  await inStep(daemon);
  await daemon.stop();
}

/** A model with a version and predictions; everything begins at this second. */
async function life(second: number, name: string, predictions: number): Promise<void> {
  const model = await plainModel(client(), { name, created_at: at(second) });
  const version = await plainVersion(client(), model, { version: name, created_at: at(second) });
  for (let n = 0; n < predictions; n++)
    await plainPrediction(client(), version, {
      timestamp: `${at(second)}.00000${n + 1}`,
      metadata: `{"of": "${name}"}`,
    });
}

const hash = (key: string) => client().hgetall(key);

test('a record that has the key by now keeps it, byte for byte, and gets no children of its predecessor', async () => {
  await life(1, 'first', 3);
  await archiveAll();
  await client().flushall();
  await life(2, 'second', 1);
  const live = await contentsOf(client());

  const report = await warmed(archive);
  const { 'aidb:counter:prediction': counter, ...rest } = await contentsOf(client());
  expect({ ...rest, 'aidb:counter:prediction': '1' }).toEqual(live);
  expect(counter).toBe('3');
  expect(toldOf(report, 'model')).toEqual({ inUse: 1 });
  expect(toldOf(report, 'version')).toEqual({ inUse: 1 });
  expect(toldOf(report, 'prediction')).toEqual({ inUse: 1, orphaned: 2 });
});

test('an id that a writer has just been given, and not used yet, stays free for it', async () => {
  await life(1, 'first', 3);
  await archiveAll();
  await client().flushall();
  await client().incr('aidb:counter:prediction'); // and no HSET yet
  expect(toldOf(await warmed(archive), 'prediction')).toEqual({ restored: 2, inUse: 1 });
  expect(await client().exists('aidb:prediction:1')).toBe(0);
  // Later it is plain that nobody wants it.
  expect(toldOf(await warmed(archive), 'prediction')).toEqual({ restored: 1, there: 2 });
});

test('of records that had one id, one after the other, the newest comes back; what belonged to the older ones stays in Postgres', async () => {
  const daemon = await archive.start();
  await life(1, 'first', 4);
  await inStep(daemon);
  await client().flushall();
  await life(2, 'second', 2);
  await inStep(daemon);
  const live = await contentsOf(client());
  await client().flushall();
  await inStep(daemon);

  const report = await warmed(archive);
  expect(await contentsOf(client())).toEqual({ ...live, 'aidb:counter:prediction': '4' });
  expect(toldOf(report, 'model')).toEqual({ restored: 1, superseded: 1 });
  expect(toldOf(report, 'version')).toEqual({ restored: 1, superseded: 1 });
  expect(toldOf(report, 'prediction')).toEqual({ restored: 2, superseded: 4 });
  expect(await archive.differences()).toEqual({});
});

test('records mapped to one row come back as one, which has all that belongs to the row', async () => {
  const daemon = await archive.start();
  await life(1, 'same', 3);
  await inStep(daemon);
  await client().flushall();
  await plainExperiment(client());
  await life(2, 'same', 1); // its model and version have the rows of the first ones (ON_CONFLICT=skip)
  await inStep(daemon);
  await client().flushall();
  await inStep(daemon);
  const rows = await versionsOfRows(archive.postgres);

  const report = await warmed(archive);
  expect(toldOf(report, 'model')).toEqual({ restored: 1, superseded: 1 });
  expect(toldOf(report, 'prediction')).toEqual({ restored: 3, superseded: 1 });
  expect(await hash('aidb:model:1')).toMatchObject({ name: 'same', created_at: at(2) });
  expect(await client().zrange('aidb:idx:predictions:1', 0, -1)).toEqual(['1', '3', '2']);
  expect(await hash('aidb:prediction:1')).toMatchObject({ timestamp: `${at(2)}.000001` });
  await inStep(daemon);
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);
});

test('of two models of one name the one that the row follows comes back, with the name', async () => {
  await plainModel(client(), { name: 'twin', description: 'older', created_at: at(1) });
  await archiveAll();
  await plainModel(client(), { name: 'twin', description: 'newer', created_at: at(2) });
  await archiveAll();
  await client().flushall();
  const report = await warmed(archive);
  expect(toldOf(report, 'model')).toEqual({ restored: 1, shared: 1 });
  expect(await hash('aidb:model:1')).toMatchObject({ description: 'older' });
  expect(await hash('aidb:model:name_to_id')).toEqual({ twin: '1' });
  expect(await archive.differences()).toEqual({});
  // Under overwrite the newer one would take the row when it is seen again, so it stands for nothing.
  await client().flushall();
  await archive.postgres.query('UPDATE millrace.id_map SET owned = false');
  const overwriting = await warmed(archive, { environment: { ON_CONFLICT: 'overwrite' } });
  expect(toldOf(overwriting, 'model')).toEqual({ shared: 2 });
});

test('a daemon with its mirror on writes nothing to Postgres for what is restored, not even in vain', async () => {
  const daemon = await archive.start();
  await life(1, 'live', 9);
  const run = await plainRun(client(), 1, { started_at: at(1) });
  await plainHyperparams(client(), run, { lr: '1e-05' });
  await plainMetric(client(), run, { epoch: 1 });
  const modelVersionId = await archive.store.createModelVersion({ modelId: 1, version: '2' });
  await archive.store.logPredictions(Array.from({ length: 600 }, () => ({ modelVersionId })));
  await inStep(daemon);
  const before = await contentsOf(client());
  const rows = await versionsOfRows(archive.postgres);
  await client().flushall();
  await eventually(() => daemon.log.lines.some(({ message }) => message.includes('Redis went backwards')));
  await inStep(daemon);

  await client().config('RESETSTAT');
  await warmed(archive);
  await caughtUp(archive, daemon.running);
  // A daemon that is told which predictions came back lets the mirror's nominations go: else each would be read, with HMGET.
  const read = /cmdstat_hmget:calls=(\d+)/.exec(await client().info('commandstats'))?.[1];
  expect(Number(read)).toBeLessThan(100);
  await inStep(daemon);
  expect(await contentsOf(client())).toEqual(before);
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);
  expect((await daemon.status()).archive.incidents).toHaveLength(1);
  const id = await plainPrediction(client(), 1);
  await archive.becomes(`SELECT count(*) FROM predictions WHERE redis_id = ${id}`, ['1']);
});

test('right after a flush, while the daemon is just noticing it, nothing is mistaken for another Redis', async () => {
  const daemon = await archive.start();
  await life(1, 'live', 3);
  await inStep(daemon);
  const before = await contentsOf(client());
  const rows = await versionsOfRows(archive.postgres);
  for (let round = 0; round < 3; round++) {
    await client().flushall();
    await warmed(archive);
    await inStep(daemon);
    expect(await contentsOf(client())).toEqual(before);
  }
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);
});

test('a flush that no daemon has noticed yet is noticed all the same', async () => {
  await life(1, 'first', 3);
  await archiveAll();
  await client().flushall();
  await warmed(archive);
  const rows = await versionsOfRows(archive.postgres);
  const daemon = await archive.start();
  await inStep(daemon);
  expect(daemon.log.lines.map(({ message }) => message).join()).toContain('Redis went backwards');
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);
});

test('a crash that only the counters tell of is not hidden by raising them', async () => {
  await life(1, 'first', 3);
  await archiveAll();
  await client().set('aidb:counter:prediction', '2');
  await archive.postgres.query(
    `UPDATE millrace.checkpoint SET seen = jsonb_set(seen::jsonb, '{runId}', '"another"')::json`,
  );
  await warmed(archive);
  expect(await client().get('aidb:counter:prediction')).toBe('3');
  const daemon = await archive.start();
  await inStep(daemon);
  expect(daemon.log.lines.map(({ message }) => message).join()).toContain('Redis went backwards');
});

test('another Redis than the one that this database archives is not filled', async () => {
  await life(1, 'first', 1);
  await archiveAll();
  await client().flushall();
  await client().set('millrace:archive:incarnation', 'of another database');
  await expect(warmed(archive)).rejects.toMatchObject({ code: 'E_TWO_REDIS' });
  expect(await client().keys('aidb:*')).toEqual([]);
});

test('writers that go on meanwhile get ids that nobody had, and lose nothing', async () => {
  await life(1, 'first', 5);
  await archive.store.logPredictions(Array.from({ length: 1_500 }, () => ({ modelVersionId: 1 })));
  await archiveAll();
  for (let round = 0; round < 12; round++) {
    await client().flushall();
    const written: number[] = [];
    const busy = new AbortController();
    const version = { id: '1', model_id: '1', version: 'first', created_at: at(1) };
    const writing = (async () => {
      while (!busy.signal.aborted) {
        // An application that has been told to begin when the counters are there again.
        if ((await client().get('aidb:counter:prediction')) === null) continue;
        written.push(await plainPrediction(client(), 1, { metadata: '{"live": true}' }));
        await client().hset('aidb:version:1', { ...version, status: `changed ${written.length}` });
      }
    })();
    const report = await warmed(archive);
    busy.abort();
    await writing;
    const { restored = 0, orphaned = 0 } = toldOf(report, 'prediction');
    expect(restored + orphaned).toBe(1_505);
    expect(new Set(written).size).toBe(written.length);
    expect(written.every((id) => id > 1_505)).toBe(true);
    for (const id of written)
      expect(await client().hget(`aidb:prediction:${id}`, 'metadata')).toBe('{"live": true}');
    if (written.length > 0)
      expect(await client().hget('aidb:version:1', 'status')).toBe(`changed ${written.length}`);
    expect(await client().zcard('aidb:idx:predictions:1')).toBe(restored + written.length);
  }
});

test('broken off anywhere, it leaves nothing half there, and goes on when it is run again', async () => {
  await life(1, 'first', 2);
  await archive.store.logPredictions(Array.from({ length: 1_500 }, () => ({ modelVersionId: 1 })));
  await archiveAll();
  const before = await contentsOf(client());
  await client().flushall();
  const config = loadConfig(archive.environment());
  for (const stopAfter of [1, 2, 4, 5]) {
    let pages = 0;
    const stop = new AbortController();
    const broken = warm({
      ...{ config, target: requirePostgres(config), limits: { newest: 'all' }, dryRun: false },
      signal: stop.signal,
      onPlan: () => undefined,
      onProgress: () => {
        if (++pages === stopAfter) stop.abort();
      },
    });
    await expect(broken).rejects.toMatchObject({ code: 'E_INTERRUPTED' });
    const hashes = (await client().keys('aidb:prediction:*')).length;
    expect(await client().zcard('aidb:idx:predictions:1')).toBe(hashes);
  }
  await warmed(archive);
  expect(await contentsOf(client())).toEqual(before);
});

test('with ON_DELETE=delete a daemon deletes nothing for what is restored, or cannot be', async () => {
  const daemon = await archive.start({ ON_DELETE: 'delete' });
  await life(1, 'live', 3);
  const many = Object.fromEntries(Array.from({ length: 1_200 }, (_, n) => [`p${n}`, String(n)]));
  for (const name of ['first', 'second']) {
    const run = await plainRun(client(), 1, { run_name: name, started_at: at(1) });
    await plainHyperparams(client(), run, many);
    await plainMetric(client(), run, { epoch: 1 });
  }
  await inStep(daemon);
  await client().flushall();
  await eventually(() => daemon.log.lines.some(({ message }) => message.includes('Redis went backwards')));
  await archive.postgres.query(
    `UPDATE hyperparameters SET param_name = 'renamed' WHERE param_name = 'p7' AND training_run_id = 2`,
  );
  await inStep(daemon);
  const rows = await versionsOfRows(archive.postgres);

  const report = await warmed(archive);
  await inStep(daemon);
  expect(toldOf(report, 'hyperparam')).toEqual({ restored: 1_200, unlike: 1_200 });
  expect(await client().hlen('aidb:hyperparam:1')).toBe(1_200);
  expect(await versionsOfRows(archive.postgres)).toEqual(rows);
});
