import { mappingsOf } from '../../src/config/mappings';
import type { Catalogue } from '../../src/mapping/kinds';
import { useArchive } from './support/archive';
import { ownArchive } from './support/own-records';

/** What becomes of items that were there before, that are written once, and that end by themselves. */
const archive = useArchive();
const client = () => archive.redis.client;

/** Fields, members and elements, with more words for all of them. */
function mappingsWith(words: string): Catalogue {
  const read = mappingsOf(
    `version: 1
records:
  setting: { key: 'settings:{user:int}', table: settings, each: field, columns: { name: $field, value: $value }${words} }
  point: { key: scores, table: points, each: member, columns: { player: { field: $member, type: int }, points: $score }${words} }
  line: { key: 'order:{id}:lines', table: order_lines, each: element, columns: { place: $index, sku: { field: sku, type: text } }${words} }
`,
    'items.yaml',
    { aliasTables: undefined, catalogue: new Map() },
  );
  if ('problems' in read) throw new Error(JSON.stringify(read.problems));
  return read.catalogue;
}
const having = (words: string) => ownArchive(archive, mappingsWith(words));

const settings = 'SELECT "user", name, value FROM settings ORDER BY 1, 2';
const points = 'SELECT player, points FROM points ORDER BY 1';
const lines = 'SELECT id, place, sku FROM order_lines ORDER BY 1, 2';

/** Rows of others with the keys of items, and the items: 'theirs' differ, and one is empty. */
async function bothThere(): Promise<void> {
  await archive.postgres.query(
    `CREATE TABLE public.settings ("user" bigint, name text, value text, PRIMARY KEY ("user", name));
     CREATE TABLE public.points (player bigint PRIMARY KEY, points double precision);
     CREATE TABLE public.order_lines (id text, place bigint, sku text, PRIMARY KEY (id, place));
     INSERT INTO public.settings VALUES (1, 'empty', NULL), (1, 'theme', 'theirs'), (2, 'alone', 'theirs');
     INSERT INTO public.points VALUES (1, 10), (2, NULL);
     INSERT INTO public.order_lines VALUES ('a', 0, 'theirs'), ('a', 7, 'alone')`,
  );
  await client().hset('settings:1', { theme: 'ours', empty: 'ours', more: 'ours' });
  await client().zadd('scores', '1', '1', '2', '2', '3', '3');
  await client().rpush('order:a:lines', '{"sku":"ours"}', '{"sku":"second"}');
}

/** Takes out of each key what was there before, and one that was not. */
async function takeOut(): Promise<void> {
  await client().hdel('settings:1', 'theme', 'more');
  await client().zrem('scores', '1', '3');
  await client().ltrim('order:a:lines', 1, 0);
}

test('rows with the keys of items are not touched before the file says what becomes of them', async () => {
  await bothThere();
  const daemon = await having('').start();
  expect((await daemon.status()).archive.stopped.map(({ kind }) => kind).sort()).toEqual([
    'line',
    'point',
    'setting',
  ]);
  expect(await archive.lines(settings)).toEqual(['1|empty|', '1|theme|theirs', '2|alone|theirs']);
  expect(await archive.lines(points)).toEqual(['1|10', '2|']);
  expect(await archive.lines(lines)).toEqual(['a|0|theirs', 'a|7|alone']);
}, 60_000);

test.each([
  {
    word: 'skip',
    found: {
      settings: ['1|empty|', '1|more|ours', '1|theme|theirs', '2|alone|theirs'],
      points: ['1|10', '2|', '3|3'],
      lines: ['a|0|theirs', 'a|1|second', 'a|7|alone'],
    },
    left: {
      settings: ['1|empty|', '1|theme|theirs', '2|alone|theirs'],
      points: ['1|10', '2|'],
      lines: ['a|0|theirs', 'a|7|alone'],
    },
    skipped: { line: 1, point: 2, setting: 2 },
  },
  {
    word: 'merge',
    found: {
      settings: ['1|empty|ours', '1|more|ours', '1|theme|theirs', '2|alone|theirs'],
      points: ['1|10', '2|2', '3|3'],
      lines: ['a|0|theirs', 'a|1|second', 'a|7|alone'],
    },
    left: {
      settings: ['1|empty|ours', '1|theme|theirs', '2|alone|theirs'],
      points: ['1|10', '2|2'],
      lines: ['a|0|theirs', 'a|7|alone'],
    },
    skipped: { line: 1, point: 1, setting: 1 },
  },
  {
    word: 'overwrite',
    found: {
      settings: ['1|empty|ours', '1|more|ours', '1|theme|ours', '2|alone|theirs'],
      points: ['1|1', '2|2', '3|3'],
      lines: ['a|0|ours', 'a|1|second', 'a|7|alone'],
    },
    left: { settings: ['1|empty|ours', '2|alone|theirs'], points: ['2|2'], lines: ['a|7|alone'] },
    skipped: {},
  },
])(
  'on_conflict: $word, of items as of records',
  async ({ word, found, left, skipped }) => {
    await bothThere();
    const daemon = await having(`, on_conflict: ${word}, on_delete: delete`).start();
    expect(await archive.lines(settings)).toEqual(found.settings);
    expect(await archive.lines(points)).toEqual(found.points);
    expect(await archive.lines(lines)).toEqual(found.lines);
    const { differences, ...report } = await archive.pass(daemon);
    expect({ differences, skipped: report.skipped ?? {} }).toEqual({ differences: {}, skipped });
    await takeOut();
    await archive.becomes(settings, left.settings);
    await archive.becomes(points, left.points);
    await archive.becomes(lines, left.lines);
    expect(await archive.letters()).toEqual([]);
  },
  60_000,
);

test('a field that has expired parts from its row for good, also for a daemon that has not heard of lifetimes', async () => {
  await client().hset('settings:1', { short: '1', plain: '2', stays: '3' });
  const own = having(', on_delete: delete');
  const first = await own.start();
  await say('settings:1', 'hexpire');
  await fieldsExpire('settings:1', ['short'], 'hexpired');
  await client().hset('settings:1', 'last', '4');
  await archive.becomes(settings, ['1|last|4', '1|plain|2', '1|short|1', '1|stays|3']);
  await first.stop();
  await own.start();
  await client().hdel('settings:1', 'plain');
  await archive.becomes(settings, ['1|last|4', '1|short|1', '1|stays|3']);
}, 60_000);

test('append_only: an item is written once, whatever becomes of it, and a row that is there stays', async () => {
  await bothThere();
  const daemon = await having(', append_only: true').start();
  const written = {
    settings: ['1|empty|', '1|more|ours', '1|theme|theirs', '2|alone|theirs'],
    points: ['1|10', '2|', '3|3'],
    lines: ['a|0|theirs', 'a|1|second', 'a|7|alone'],
  };
  expect(await archive.lines(settings)).toEqual(written.settings);
  await client().hset('settings:1', 'more', 'changed');
  await client().zincrby('scores', 1, '3');
  await client().rpush('order:a:lines', '{"sku":"third"}');
  await client().lset('order:a:lines', 1, '{"sku":"changed"}');
  await takeOut();
  await client().hset('settings:1', 'last', 'ours');
  await client().zadd('scores', '4', '4');
  await archive.becomes(settings, [
    ...written.settings.slice(0, 1),
    '1|last|ours',
    ...written.settings.slice(1),
  ]);
  await archive.becomes(points, [...written.points, '4|4']);
  expect((await archive.pass(daemon)).differences).toEqual({});
  expect(await archive.lines(lines)).toEqual(expect.arrayContaining(['a|0|theirs', 'a|1|second']));
  expect(await archive.letters()).toEqual([]);
}, 60_000);

/** What Redis 7.4 does and says, whether this one has HEXPIRE or not: fields are gone without a word, but for these. */
async function fieldsExpire(
  key: string,
  fields: readonly string[],
  ...events: readonly string[]
): Promise<void> {
  await client()
    .multi()
    .config('SET', 'notify-keyspace-events', '')
    .hdel(key, ...fields)
    .config('SET', 'notify-keyspace-events', 'AK')
    .exec();
  await say(key, ...events);
}
const say = async (key: string, ...events: readonly string[]) => {
  for (const event of events) await client().publish(`__keyspace@0__:${key}`, event);
};

test('a field that expires takes no row, nor does what is taken out of a hash whose fields have lifetimes', async () => {
  await client().hset('settings:1', { short: '1', long: '2', plain: '3' });
  await client().hset('settings:2', { only: '1' });
  await client().hset('settings:3', { other: '1', stays: '2' });
  await client().hset('settings:4', { unheard: '1' });
  const daemon = await having(', on_delete: delete').start();
  for (const key of ['settings:1', 'settings:2', 'settings:4']) await say(key, 'hexpire');
  await fieldsExpire('settings:1', ['short'], 'hexpired');
  await fieldsExpire('settings:2', ['only'], 'hexpired', 'del');
  await fieldsExpire('settings:4', ['unheard'], 'del');
  await client().hdel('settings:1', 'plain');
  await client().hset('settings:1', 'new', '4');
  await client().hdel('settings:3', 'other');
  const kept = ['1|long|2', '1|new|4', '1|plain|3', '1|short|1', '2|only|1'];
  await archive.becomes(settings, [...kept, '3|stays|2', '4|unheard|1']);
  expect((await archive.pass(daemon)).differences).toEqual({});
  // Of a hash without lifetimes all are taken, and of one that comes again.
  await client().del('settings:3');
  await client().hset('settings:2', { only: '1' });
  await client().hset('settings:2', { second: '1' });
  await archive.becomes(settings, [...kept, '2|second|1', '4|unheard|1']);
  await client().del('settings:2');
  await archive.becomes(settings, [...kept.slice(0, -1), '4|unheard|1']);
  expect(await archive.letters()).toEqual([]);
}, 60_000);
