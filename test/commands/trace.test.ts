import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { whatItSays } from '../../src/archive/inspect/trace-stream';
import { parseTraced } from '../../src/terminal/trace-key';
import { defaultMappings } from '../../src/mapping/alias-tables';
import { useArchive } from '../archive/support/archive';
import { emptied } from '../archive/support/in-step';
import { runCli } from '../support/run-cli';
import { startDaemon } from '../support/daemon';
import {
  plainHyperparams,
  plainMetric,
  plainModel,
  plainPrediction,
  plainRun,
  plainVersion,
} from '../support/plain-writer';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { kinds } from '../support/nine-kinds';

const archive = useArchive();
const folder = temporaryFolder();
let files = 0;
let path: string;
let db: Database.Database;
beforeEach(() => {
  path = join(folder, `trace-${++files}.db`);
  db = aliasDatabase(path);
});
afterEach(() => {
  db.close();
});

const trace = (...args: string[]) =>
  runCli(['trace', ...args], archive.environment({ DB_PATH: path }), folder);
const traced = async (key: string) => JSON.parse((await trace(key, '--json')).output) as Traced;

interface Traced {
  readonly archive: {
    readonly waiting: { readonly entries: readonly unknown[]; readonly looked: number };
    readonly rows: readonly object[];
    readonly differences: readonly object[];
    readonly parents: readonly object[];
  };
  readonly verdict: { readonly state: string; readonly sentence: string };
}

test('a record’s life: nothing archived, applied with its row and parents, changed, waiting, no longer in Redis', async () => {
  await emptied(archive.postgres);
  const { client } = archive.redis;
  const model = await plainModel(client, { name: 'نام', description: 'secret contents' });
  const before = await trace('aidb:model:1');
  expect(before.output).toContain('Nothing has been archived yet');
  const version = await plainVersion(client, model);
  await plainPrediction(client, version, { timestamp: '2026-01-02T03:04:05.000006', input: '"secret"' });
  await (await archive.start()).stop();
  const applied = await trace('prediction:1');
  expect(applied.code).toBe(0);
  expect(applied.output).toContain('Redis      a hash, created 2026-01-02 03:04:05.000006\n');
  expect(applied.output).toContain('input 8 B');
  expect(applied.output).toContain(
    'Postgres   row 1 of predictions, of the record created 2026-01-02 03:04:05.000006\n           timestamp 2026-01-02 03:04:05.000006\n',
  );
  expect(applied.output).toMatch(/Parent {5}version 1 of .*: row 1 \(model_version_id\)\n/);
  expect(applied.output).toContain('→ Applied: row 1 of predictions, equal to Redis.\n');
  expect(applied.output).not.toContain('secret');

  await client.hset('aidb:model:1', 'description', 'changed');
  const changed = await trace('model/1');
  expect(changed.code).toBe(1);
  expect(changed.output).toContain(
    'Differs    in description\n→ Not captured yet: the next full pass finds it',
  );
  for (let index = 0; index < 3; index++) await archive.store.createModel({ name: `m${index}` });
  await client.xadd('millrace:changes', '*', 'model*', '7 1 8');
  const waiting = await traced('aidb:model:1');
  expect(waiting.verdict).toMatchObject({ state: 'waiting' });
  expect(waiting.verdict.sentence).toMatch(
    /^Waiting in the stream since 20.*Z, 3 entries before it\. No daemon owns/,
  );

  const id = await archive.store.logPrediction({ modelVersionId: version, output: {} });
  const carried = await traced(`aidb:prediction:${id}`);
  expect(carried.archive.waiting.entries).toMatchObject([{ says: 'carries the record', before: 4 }]);

  await client.del('aidb:prediction:1');
  expect((await traced('aidb:prediction:1')).verdict).toMatchObject({ state: 'only in Postgres' });
  expect((await traced('aidb:prediction:99')).verdict.state).toBe('unknown');
});

test('after a flush the rows of others that had the number are told apart; a parked record says why', async () => {
  const { client } = archive.redis;
  await plainModel(client, { name: 'first', created_at: '2026-01-01T00:00:01' });
  await (await archive.start()).stop();
  await client.flushall();
  await plainModel(client, { name: 'second', created_at: '2026-01-01T00:00:02' });
  const run = await plainRun(client, 77);
  const daemon = await archive.start();
  await archive.untilParked('aidb:run:1');
  await daemon.stop();
  const { output } = await trace('aidb:model:1');
  expect(output).toMatch(/row 2 of models, of the record created 2026-01-01 00:00:02\.000000\n/);
  expect(output).toMatch(
    /row 1 of models, of the record created 2026-01-01 00:00:01\.000000, of another record that had this number\n/,
  );
  expect(output).toContain('→ Applied: row 2 of models');
  const parked = await trace(`run:${run}`);
  expect(parked.code).toBe(2);
  expect(parked.output).toMatch(
    /→ Parked as number \d+: model_version_id waits for version 77.*\(E_PARENT\), tried (?:once|\d+ times)/,
  );
});

test('metrics, hyperparameters and names that belonged to another program', async () => {
  const { client } = archive.redis;
  await (await archive.start()).stop();
  await archive.postgres.query(`INSERT INTO models (name) VALUES ('theirs')`);
  const model = await plainModel(client, { name: 'theirs' });
  const run = await plainRun(client, await plainVersion(client, model));
  await plainHyperparams(client, run, { lr: '0.1', size: '32' });
  for (let epoch = 0; epoch < 5; epoch++) await plainMetric(client, run, { epoch, name: 'a:b' });
  await plainMetric(client, run, { epoch: 1, name: 'other' });
  await (await archive.start()).stop();
  expect((await trace('model:1')).output).toContain(
    '→ Applied: mapped to row 1 of models, which had the name first',
  );
  const metric = await trace('aidb:metric:1:a:b:train');
  expect(metric.output).toContain('Redis      a zset of 5 records\n');
  expect(metric.output).toMatch(/Postgres {3}5 rows of metrics, ids \d+ to \d+\n/);
  expect(metric.output).toContain('→ Applied: it has 5 rows');
  await plainMetric(client, run, { epoch: 9, name: 'a:b' });
  expect((await traced('aidb:metric:1:a:b:train')).verdict.state).toBe('not captured');
  const hyper = await trace('hyperparam:1');
  expect(hyper.output).toContain('lr 3 B, size 2 B');
  expect(hyper.code).toBe(0);
  await client.set('aidb:dataset:5', 'not a hash');
  expect((await traced('aidb:dataset:5')).verdict).toMatchObject({ state: 'unfit' });
});

test('an alias’s life: rows, changes that name it, waiting behind others, applied, and a key nobody vouches for', async () => {
  const env = archive.environment({ DB_PATH: path, MILLRACE_ONLY: 'aliases' });
  expect((await trace('team/فارسی')).output).toContain('→ Neither in team_aliases nor in Redis');
  db.exec(`INSERT INTO team_aliases VALUES (1, 'فارسی'), (8, 'فارسی')`);
  expect((await trace('team/فارسی')).output).toContain('changes are not captured');
  await (await startDaemon(env)).stop();
  const applied = await trace('alias:team:فارسی');
  expect(applied.code).toBe(0);
  expect(applied.output).toContain('SQLite     2 rows of team_aliases\n           rowid 1: 1, فارسی\n');
  expect(applied.output).toContain('Redis      ["1","8"]\n→ Applied');
  db.exec(`INSERT INTO team_aliases VALUES (5, 'x'), (6, 'y'), (9, 'فارسی')`);
  const waiting = await trace('team/فارسی');
  expect(waiting.code).toBe(1);
  expect(waiting.output).toMatch(/Changelog {2}change \d+ of .*Z, waiting\n/);
  expect(waiting.output).toContain('Redis      ["1","8"], where the table says ["1","8","9"]\n');
  expect(waiting.output).toMatch(/→ Waiting in the changelog since .*Z, 2 changes before it/);
  await archive.redis.client.set('alias:team:stray', '["1"]');
  expect((await trace('team/stray')).output).toContain(
    '→ The key is not as the table says, and no change waits',
  );
  db.exec('DROP TABLE market_aliases');
  expect((await trace('market/x')).output).toContain('No such table: market_aliases');
});

test('what is no key of ours is refused with what could be meant; reading changes nothing', async () => {
  await emptied(archive.postgres);
  const options = { catalogue: aiRegistry, aliasTables: defaultMappings };
  expect(parseTraced('team/a/b:c', options)).toEqual({ of: 'alias', type: 'team', alias: 'a/b:c' });
  expect(parseTraced('metric/3:loss:train', options)).toMatchObject({ of: 'record', kind: 'metric' });
  for (const key of ['aidb:idx:models', 'aidb:model:name_to_id', 'aidb:exprun:3:runs', 'aidb:counter:model'])
    expect(() => parseTraced(key, options)).toThrow(/index or a counter/);
  for (const key of ['alias:nobody:x', 'cache:1', '', '17', 'aidb:', 'aidb:model:', 'alias:team'])
    expect(() => parseTraced(key, options)).toThrow(/no key|no type/);
  const twice = {
    ...options,
    aliasTables: [...defaultMappings, { type: 'model', table: 't', idColumn: 'i', aliasColumn: 'a' }],
  };
  expect(() => parseTraced('model/1', twice)).toThrow(/may be a record or an alias/);
  const refused = await trace('cache:1');
  expect(refused.code).toBe(1);
  expect(refused.output).toMatch(/\(E_TRACE_KEY\)\n {4}→ Name aidb:<kind>:<id>.*alias:<type>:<alias>/);
  await plainModel(archive.redis.client);
  const before = await archive.redis.client.keys('*');
  await trace('model:1');
  await trace('team/x');
  expect((await archive.redis.client.keys('*')).sort()).toEqual(before.sort());
  expect(await archive.lines(`SELECT nspname FROM pg_namespace WHERE nspname = 'millrace'`)).toEqual([]);
});

test('an entry is recognised in every form it has, and damaged ones name nobody', () => {
  const says = (field: string, value: string | Buffer, id = '17', kind: keyof typeof kinds = 'model') =>
    whatItSays([Buffer.from(field), Buffer.from(value)], kinds[kind], Buffer.from(id));
  expect(says('model', '17')).toBe('changed');
  expect(says('model', '170')).toBeUndefined();
  expect(says('model-', '17')).toBe('deleted');
  expect(says('model*', '1 17 18')).toBe('changed');
  expect(says('model*', '1 170 x')).toBeUndefined();
  expect(says('dataset', '17')).toBeUndefined();
  expect(says('prediction=', 'damaged', '17', 'prediction')).toBeUndefined();
});
