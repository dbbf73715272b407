import { archiveDryRun } from '../../../src/archive/pass/dry-run';
import { requirePostgres } from '../../../src/config/load';
import { mappingsOf } from '../../../src/config/mappings';
import { eventually } from '../../support/eventually';
import { useArchive } from '../support/archive';
import { ownArchive } from '../support/own-records';
import { toldOf, warmed } from '../support/warm';

const read = mappingsOf(
  `version: 1
records:
  user: { key: 'user:{id:int}', table: users, hash: { name: text } }
  setting:
    key: 'settings:{user:int}'
    table: settings
    parents: { user_id: { record: user, id: '{user}' } }
    each: field
    columns: { name: $field, value: { field: $value, type: json } }
    on_delete: delete
  blob: { key: 'blobs:{id}', table: blobs, each: field, columns: { name: { field: $field, type: bytes }, size: { field: n, type: int }, at: { field: at, type: time } } }
  tag: { key: 'tags:{doc}', table: tags, each: member, columns: { tag: $member }, on_delete: delete }
  point: { key: scores, table: points, each: member, columns: { player: { field: $member, type: int }, points: $score }, on_delete: mark }
  line:
    key: 'order:{id}:lines'
    table: order_lines
    each: element
    columns: { place: $index, sku: { field: sku, type: text! }, sold: { field: sold, type: bool }, more: { field: more, type: json } }
  queue: { key: 'queue:{name}', table: queues, each: element, columns: { place: $index, what: { field: $value, type: bytes } }, none: '' }
  name-only: { key: 'names:{id}', table: names_only, each: field, columns: { name: $field } }
  title: { key: 'title:{id}', table: titles, string: { title: text } }
  counter: { key: 'count:{page*}', table: counts, string: { views: int }, none: '0' }
`,
  'items.yaml',
  { aliasTables: undefined, catalogue: new Map() },
);
if ('problems' in read) throw new Error(JSON.stringify(read.problems));

const archive = useArchive();
const client = () => archive.redis.client;
const own = ownArchive(archive, read.catalogue);
const warm = (dryRun = false) => warmed(archive, { dryRun, config: own.config() });

const differences = async (): Promise<Readonly<Record<string, number>>> => {
  const config = own.config();
  return (await archiveDryRun(config, requirePostgres(config), () => undefined)).differences;
};

/** Archives what Redis holds, and ends the daemon. */
async function archived(): Promise<void> {
  const daemon = await own.start();
  await eventually(async () => expect(await differences()).toEqual({}), { alive: daemon.running });
  await daemon.stop();
}

const readers: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  hash: (key) => client().hgetallBuffer(key),
  set: async (key) => (await client().smembers(key)).sort(),
  zset: (key) => client().zrange(key, 0, -1, 'WITHSCORES'),
  list: (key) => client().lrangeBuffer(key, 0, -1),
  string: (key) => client().get(key),
};
const contents = async (): Promise<Record<string, unknown>> => {
  const found: Record<string, unknown> = {};
  for (const key of (await client().keys('*')).sort())
    if (!key.startsWith('millrace:')) found[key] = await readers[await client().type(key)]?.(key);
  return found;
};
const tables = ['settings', 'blobs', 'tags', 'points', 'order_lines', 'queues', 'titles', 'counts'];
/** Each row with the transaction that wrote it. */
const versions = async () => {
  const found: string[] = [];
  for (const table of tables)
    found.push(...(await archive.lines(`SELECT '${table}', xmin, to_json(t) FROM ${table} t ORDER BY ctid`)));
  return found;
};

test('hashes, sets, sorted sets, lists and strings come back whole, and a pass finds no difference', async () => {
  const bytes = Buffer.from([0, 10, 255]);
  await client().hset('user:1', 'name', 'Ann');
  await client().hset('settings:1', { theme: '"dark"', 'é\n': '{"a": 1.0}', '': 'null' });
  await client().hset('blobs:a', bytes, '{"n":1,"at":"2026-01-05T14:30:00Z"}', 'b', '{}');
  await client().sadd('tags:a', 'x', 'y', 'a,b\t\\N', '');
  await client().sadd('tags:é', 'z');
  await client().zadd('scores', '1.5', '7', 'inf', '8', '-1e-7', '-9', '0.1', '10');
  await client().rpush(
    'order:1:lines',
    '{"sku":"p","sold":true,"more":{"a": 1}}',
    '{"sku":"q"}',
    '{"sku":"p"}',
  );
  for (let from = 0; from < 12_000; from += 1_000)
    await client().rpush('queue:long', ...Array.from({ length: 1_000 }, (_, at) => `job ${from + at}`));
  await client().rpush('queue:odd', bytes, '', 'x');
  await client().mset('title:1', 'One "é"', 'count:a/b:c', '3', 'count:none', '0');
  await archived();
  const [before, rows] = [await contents(), await versions()];
  await client().flushall();
  const dry = await warm(true);
  expect(await client().dbsize()).toBe(0);
  const report = await warm();
  expect(dry.tallies).toEqual(report.tallies);
  expect(await contents()).toEqual(before);
  const told = Object.keys(report.tallies).map((kind) => [kind, toldOf(report, kind)] as const);
  expect(Object.fromEntries(told)).toEqual({
    ...{ user: { restored: 1 }, setting: { restored: 3 }, blob: { restored: 2 }, tag: { restored: 5 } },
    ...{ point: { restored: 4 }, line: { restored: 3 }, queue: { restored: 12_003 }, 'name-only': {} },
    ...{ title: { restored: 1 }, counter: { restored: 2 } },
  });
  expect(await differences()).toEqual({});
  expect(toldOf(await warm(), 'tag')).toEqual({ there: 5 });
  const daemon = await own.start();
  await archive.pass(daemon);
  expect(await versions()).toEqual(rows);
  await client().srem('tags:a', 'x');
  await archive.becomes(`SELECT tag FROM tags WHERE doc = 'a' AND tag IN ('x', 'y')`, ['y']);
  expect(await archive.letters()).toEqual([]);
}, 120_000);

test('a key of which a part cannot come back stays away, and so do members that were taken out', async () => {
  await client().zadd('scores', '1', '1', '2', '2');
  await client().hset('names:1', 'a', 'its value is not archived');
  await client().rpush('queue:a', 'x', 'y', 'z');
  await client().rpush('queue:b', 'x', 'y');
  const daemon = await own.start();
  await archive.becomes('SELECT count(*) FROM queues', ['5']);
  await client().zrem('scores', '1');
  await archive.becomes('SELECT player FROM points WHERE deleted_at IS NULL', ['2']);
  await daemon.stop();
  await archive.postgres.query(`DELETE FROM queues WHERE name = 'a' AND place = 1`);
  await client().flushall();
  const report = await warm();
  expect(toldOf(report, 'point')).toEqual({ restored: 1, deleted: 1 });
  expect(toldOf(report, 'name-only')).toEqual({ unlike: 1 });
  expect(toldOf(report, 'queue')).toEqual({ restored: 2, unlike: 2 });
  expect(await contents()).toEqual({
    scores: ['2', '2'],
    'queue:b': [Buffer.from('x'), Buffer.from('y')],
  });
}, 60_000);

test('a key that is there stays as it is, in whatever order of its parts', async () => {
  await client().sadd('tags:a', 'x', 'y');
  await client().sadd('tags:b', 'x');
  await client().sadd('tags:c', 'x');
  await archived();
  await client().srem('tags:a', 'x');
  await client().del('tags:b', 'tags:c');
  await client().set('tags:b', 'a text');
  await client().zadd('tags:c', '1', 'a sorted set will do');
  const before = await contents();
  expect(toldOf(await warm(), 'tag')).toEqual({ there: 3, inUse: 1 });
  expect(await contents()).toEqual(before);
}, 60_000);
