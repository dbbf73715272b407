import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { mappingsOf } from '../../src/config/mappings';
import { requirePostgres } from '../../src/config/load';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { useArchive } from './support/archive';
import { ownArchive } from './support/own-records';

const read = mappingsOf(
  `version: 1
records:
  user: { key: 'user:{id:int}', table: users, hash: { name: text } }
  setting:
    key: 'settings:{user:int}'
    table: settings
    parents: { user_id: { record: user, id: '{user}' } }
    each: field
    columns: { name: $field, value: $value }
    on_delete: delete
  tag:
    key: 'tags:{doc}'
    table: tags
    each: member
    columns: { tag: $member }
    on_delete: delete
  point:
    key: scores
    table: points
    each: member
    columns: { player: { field: $member, type: int }, points: $score }
    on_delete: mark
  line:
    key: 'order:{id}:lines'
    table: order_lines
    each: element
    columns: { place: $index, sku: { field: sku, type: text! }, amount: { field: amount, type: int }, more: { field: more, type: json } }
    on_delete: delete
  title: { key: 'title:{id}', table: titles, string: { title: text } }
  counter: { key: 'count:{page*}', table: counts, string: { views: int }, on_delete: delete }
`,
  'items.yaml',
  { aliasTables: undefined, catalogue: aiRegistry },
);
if ('problems' in read) throw new Error(JSON.stringify(read.problems));

const archive = useArchive();
const own = ownArchive(archive, read.catalogue);

const settings = 'SELECT user_id, name, value FROM settings ORDER BY 1, 2';
const tags = 'SELECT doc, tag FROM tags ORDER BY 1, 2';
const points = 'SELECT player, points, deleted_at IS NOT NULL FROM points ORDER BY 1';
const lines = 'SELECT id, place, sku, amount, more FROM order_lines ORDER BY 1, 2';
const titles = 'SELECT id, title FROM titles ORDER BY 1';
const counts = 'SELECT page, views FROM counts ORDER BY 1';

test('what a key holds many of becomes a row each, by the pass and by the mirror', async () => {
  const { client } = archive.redis;
  await client.hset('user:1', { name: 'Ann' });
  await client.hset('settings:1', { theme: 'dark', '': 'empty' });
  await client.sadd('tags:a', 'x', 'y');
  await client.zadd('scores', '1.5', '7', 'inf', '8');
  await client.rpush('order:1:lines', '{"sku":"p","amount":2,"more":{"a":1}}', '{"sku":"q"}');
  await client.mset('title:1', 'One', 'count:a/b:c', '3');
  await own.start();
  expect(await archive.lines(settings)).toEqual(['1||empty', '1|theme|dark']);
  expect(await archive.lines(tags)).toEqual(['a|x', 'a|y']);
  expect(await archive.lines(points)).toEqual(['7|1.5|f', '8|Infinity|f']);
  expect(await archive.lines(lines)).toEqual(['1|0|p|2|{"a":1}', '1|1|q||']);
  expect(await archive.lines(titles)).toEqual(['1|One']);
  expect(await archive.lines(counts)).toEqual(['a/b:c|3']);
  await client.hset('settings:1', { theme: 'light', size: '3' });
  await client.sadd('tags:a', 'z');
  await client.sadd('tags:b', 'é\n');
  await client.zincrby('scores', 1, '7');
  await client.lpush('order:1:lines', '{"sku":"first"}');
  await client.incr('count:a/b:c');
  await client.set('title:2', 'Two');
  await archive.becomes(settings, ['1||empty', '1|size|3', '1|theme|light']);
  await archive.becomes(tags, ['a|x', 'a|y', 'a|z', 'b|é\n']);
  await archive.becomes(points, ['7|2.5|f', '8|Infinity|f']);
  await archive.becomes(lines, ['1|0|first||', '1|1|p|2|{"a":1}', '1|2|q||']);
  await archive.becomes(counts, ['a/b:c|4']);
  await archive.becomes(titles, ['1|One', '2|Two']);
  const config = own.config();
  const { differences } = await archiveDryRun(config, requirePostgres(config), () => undefined);
  expect(differences).toEqual({});
}, 60_000);
