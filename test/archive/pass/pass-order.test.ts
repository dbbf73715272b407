import fc from 'fast-check';
import { runCli } from '../../support/run-cli';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { temporaryFolder } from '../../support/temporary-folder';
import { useArchive } from '../support/archive';

// Readers of the archive take the highest ids for the newest: so ids rise with those of Redis, whatever SCAN says.

const archive = useArchive();
const { start, lines, pass, environment } = archive;
const folder = temporaryFolder();

const iso = (id: number) => new Date(Date.UTC(2026, 0, 1) + id * 1_000).toISOString().slice(0, 19);

/** Numbers from 1, in an order that nobody would expect; the same for a seed. */
function shuffled(count: number, seed: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  return (
    fc.sample(fc.shuffledSubarray(all, { minLength: count, maxLength: count }), { numRuns: 1, seed })[0] ??
    all
  );
}

const counts = { model: 60, version: 300, dataset: 60, experiment: 60, run: 300, prediction: 700 };

/** Hundreds of records of each kind, written in any order, gaps among their ids. */
async function writeAll(seed: number): Promise<void> {
  const pipeline = archive.redis.client.pipeline();
  const each = (kind: keyof typeof counts, write: (id: number) => Record<string, string>) => {
    for (const id of shuffled(counts[kind], seed)) pipeline.hset(`aidb:${kind}:${id * 3}`, write(id));
  };
  each('prediction', (id) => ({
    ...{ model_version_id: String(3 + (id % 300) * 3), input: '{}', output: '{}', timestamp: iso(id) },
    // Half of them go the long way round.
    ...(id % 2 === 0 ? { confidence: '+5e-01' } : {}),
  }));
  each('run', (id) => ({
    model_version_id: String(id * 3),
    dataset_id: String(3 + (id % 60) * 3),
    started_at: iso(id),
  }));
  each('version', (id) => ({
    model_id: String(3 + (id % 60) * 3),
    version: `1.${id}.0`,
    created_at: iso(id),
  }));
  for (const kind of ['model', 'dataset', 'experiment'] as const)
    each(kind, (id) => ({ name: `${kind} ${id}`, created_at: iso(id) }));
  for (const id of shuffled(300, seed + 1)) {
    pipeline.hset(`aidb:hyperparam:${id * 3}`, { lr: '1e-05', seed: '1' });
    pipeline.hset(`aidb:exprun:${3 + (id % 60) * 3}:${id * 3}`, { variant_name: 'a' });
    for (const name of ['loss', 'acc'])
      pipeline.zadd(
        `aidb:metric:${id * 3}:${name}:train`,
        1,
        `{"epoch": 1, "metric_name": "${name}", "metric_value": 1, "split": "train", "timestamp": "${iso(id)}"}`,
      );
  }
  await pipeline.exec();
}

const mapped = ['model', 'dataset', 'experiment', 'version', 'run'];
const parentsOf = { hyperparameters: ['run'], metrics: ['run'], experiment_runs: ['experiment', 'run'] };
const columnOf: Readonly<Record<string, string>> = { run: 'training_run_id', experiment: 'experiment_id' };

/** By table, the ids in Redis (of what has none its parents') in the order of those in Postgres; `since`: of rows above an id. */
async function ranks(since: Readonly<Record<string, number>> = {}): Promise<Record<string, number[][]>> {
  const found: Record<string, number[][]> = {};
  const read = async (name: string, sql: string) => {
    found[name] = (await lines(sql)).map((line) => line.split('|').map(Number));
  };
  for (const kind of mapped)
    await read(kind, `SELECT redis_id FROM millrace.id_map WHERE kind = '${kind}' AND owned ORDER BY pg_id`);
  await read(
    'predictions',
    `SELECT redis_id FROM predictions WHERE id > ${since['predictions'] ?? 0} ORDER BY id`,
  );
  for (const [table, kinds] of Object.entries(parentsOf)) {
    const parents = kinds.map(
      (kind) =>
        `(SELECT redis_id FROM millrace.id_map WHERE kind = '${kind}' AND pg_id = t.${columnOf[kind] ?? ''})`,
    );
    await read(
      table,
      `SELECT ${parents.join(', ')} FROM ${table} t WHERE id > ${since[table] ?? 0} ORDER BY id`,
    );
  }
  return found;
}

async function expectRising(since: Readonly<Record<string, number>> = {}): Promise<Record<string, number>> {
  const found = await ranks(since);
  for (const [name, ids] of Object.entries(found)) {
    const sorted = [...ids].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0));
    expect([name, ids]).toEqual([name, sorted]);
  }
  return Object.fromEntries(Object.entries(found).map(([name, ids]) => [name, ids.length]));
}

const everything = {
  ...{ model: 60, dataset: 60, experiment: 60, version: 300, run: 300, predictions: 700 },
  ...{ hyperparameters: 600, metrics: 600, experiment_runs: 300 },
};

test.each([1, 2])('the ids of the archive rise with those of Redis, in every kind (%s)', async (seed) => {
  await writeAll(seed);
  if (seed === 1) await start({ MIRROR: 'off' });
  else
    expect(
      (await runCli(['run', '--once'], { ...environment(), MILLRACE_ONLY: 'archive' }, folder)).code,
    ).toBe(0);
  expect(await expectRising()).toEqual(everything);
  const newest = await lines('SELECT redis_id FROM predictions ORDER BY id DESC LIMIT 100');
  expect(newest).toEqual(Array.from({ length: 100 }, (_, index) => String((700 - index) * 3)));
  expect(
    await lines('SELECT DISTINCT ON (model_id) version FROM model_versions ORDER BY model_id, id DESC'),
  ).toEqual(
    await lines(
      `SELECT '1.' || max(split_part(version, '.', 2)::int) || '.0' FROM model_versions GROUP BY model_id ORDER BY model_id`,
    ),
  );
});

test('ids rise with those of Redis also for records that a later pass brings back', async () => {
  await writeAll(3);
  const daemon = await start({ MIRROR: 'off' });
  const tables = ['predictions', ...Object.keys(parentsOf)];
  const since: Record<string, number> = {};
  for (const table of tables) {
    since[table] = Number((await lines(`SELECT max(id) FROM ${table}`))[0]);
    await archive.postgres.query(`DELETE FROM ${table} WHERE id % 3 > 0`);
  }
  await pass(daemon);
  const { predictions, metrics, hyperparameters, experiment_runs: expruns } = await expectRising(since);
  expect([predictions, metrics, hyperparameters, expruns]).toEqual([467, 400, 400, 200]);
});

test('a first pass that is interrupted goes on where it was', async () => {
  const { client } = archive.redis;
  await writeAll(4);
  await client.eval(
    `for n = 1, 200000 do local id = 3000 + n * 7919 % 200003; redis.call('HSET', 'aidb:prediction:' .. id, 'model_version_id', 3 + math.floor(id / 800) * 3,
     'input', '{}', 'output', '{}', 'timestamp', '2026-01-01T00:00:00') end`,
    0,
  );
  const first = await startDaemon(environment({ MIRROR: 'off' }), { awaitPass: false });
  await eventually(async () => (await lines('SELECT 1 FROM predictions LIMIT 1')).length > 0, {
    within: 20_000,
  });
  await first.stop();
  const [before] = await lines('SELECT count(*) FROM predictions');
  expect(Number(before)).toBeLessThan(200_700);
  await start({ MIRROR: 'off' });
  expect(await expectRising()).toEqual({ ...everything, predictions: 200_700 });
});

test.each(['skip', 'overwrite', 'merge'])(
  'who has a name under %s does not depend on the order of SCAN',
  async (strategy) => {
    const { client } = archive.redis;
    // The one with the higher id is the older by its creation time in every third pair.
    const age = (id: number) => iso(id % 3 === 0 && id > 40 ? -id : id);
    for (const id of shuffled(80, 5))
      await client.hset(`aidb:model:${id}`, {
        ...{
          name: `name ${id % 40}`,
          description: id % 2 === 0 ? '' : `of ${id}`,
          framework: `of ${id}`,
          created_at: age(id),
        },
      });
    await start({ MIRROR: 'off', ON_CONFLICT: strategy });
    const owners = await lines(
      `SELECT m.name, i.redis_id, m.framework, m.description FROM models m JOIN millrace.id_map i ON i.kind = 'model' AND i.pg_id = m.id AND i.owned`,
    );
    const expected = Array.from({ length: 40 }, (_, index) => {
      const [low, high] = [index === 0 ? 40 : index, index === 0 ? 80 : index + 40];
      const owner = strategy === 'overwrite' && age(high) > age(low) ? high : low;
      const description = owner % 2 === 0 ? '' : `of ${owner}`;
      return `name ${low % 40}|${owner}|of ${owner}|${description}`;
    });
    expect(owners.sort()).toEqual(expected.sort());
  },
);

test('what an entry of the stream nominates is written in order as well, with the parents it brings', async () => {
  const { client } = archive.redis;
  await client.hset('aidb:model:2', { name: 'same', created_at: iso(2) });
  await client.hset('aidb:model:11', { name: 'same', created_at: iso(11) });
  for (const id of [3, 20, 100])
    await client.hset(`aidb:model:${id}`, { name: `m${id}`, created_at: iso(id) });
  for (const [id, model] of [
    [9, 100],
    [10, 3],
    [1, 20],
  ] as const)
    await client.hset(`aidb:version:${id}`, { model_id: String(model), version: '1', created_at: iso(id) });
  for (const id of [10, 9, 8, 30])
    await client.hset(`aidb:prediction:${id}`, {
      model_version_id: '9',
      input: '{}',
      output: '{}',
      timestamp: iso(id),
    });
  await start({ MIRROR: 'off' });
  await archive.postgres.query(
    'TRUNCATE models, model_versions, training_runs, predictions, millrace.id_map CASCADE',
  );
  await client.xadd(
    'millrace:changes',
    '*',
    'prediction*',
    '10 30 8 9',
    'version*',
    '10 9 1',
    'model*',
    '11 2',
  );
  await archive.becomes('SELECT redis_id FROM predictions ORDER BY id', ['8', '9', '10', '30']);
  expect(
    await lines(`SELECT redis_id, owned FROM millrace.id_map WHERE kind = 'model' ORDER BY pg_id, redis_id`),
  ).toEqual(['2|t', '11|f', '3|t', '20|t', '100|t']);
  expect(await lines(`SELECT redis_id FROM millrace.id_map WHERE kind = 'version' ORDER BY pg_id`)).toEqual([
    '1',
    '9',
    '10',
  ]);
});
