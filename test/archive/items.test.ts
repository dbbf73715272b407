import { archiveDryRun } from '../../src/archive/pass/dry-run';
import { requirePostgres } from '../../src/config/load';
import { eventually } from '../support/eventually';
import { useArchive } from './support/archive';
import { itemCatalogue } from './support/items';
import { ownArchive } from './support/own-records';

const archive = useArchive();
const own = ownArchive(archive, itemCatalogue);

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

describe('what the application takes out of a key', () => {
  test('takes its row, or marks it, by whichever command; and the key takes all of them', async () => {
    const { client } = archive.redis;
    await client.hset('user:1', { name: 'Ann' });
    await client.hset('settings:1', { a: '1', b: '2', c: '3' });
    await client.sadd('tags:a', '1', '2', '3', '4', '5');
    await client.sadd('tags:b', '4', '5');
    await client.zadd('scores', '1', '1', '2', '2', '3', '3', '4', '4', '5', '5');
    await client.rpush('order:1:lines', ...['a', 'b', 'c', 'd', 'e'].map((sku) => `{"sku":"${sku}"}`));
    await client.set('count:x', '1');
    await own.start();
    await client.hdel('settings:1', 'b');
    await client.srem('tags:a', '1');
    await client.smove('tags:a', 'tags:b', '2');
    await client.zrem('scores', '1');
    await client.zremrangebyrank('scores', 0, 0);
    await client.zpopmax('scores');
    await client.lpop('order:1:lines');
    await client.lrem('order:1:lines', 1, '{"sku":"c"}');
    await client.del('count:x');
    await archive.becomes(settings, ['1|a|1', '1|c|3']);
    await archive.becomes(tags, ['a|3', 'a|4', 'a|5', 'b|2', 'b|4', 'b|5']);
    await archive.becomes(points, ['1|1|t', '2|2|t', '3|3|f', '4|4|f', '5|5|t']);
    await archive.becomes(lines, ['1|0|b||', '1|1|d||', '1|2|e||']);
    await archive.becomes(counts, []);
    await client.sinterstore('tags:a', 'tags:a', 'tags:b');
    await client.zadd('scores', '6', '1');
    await archive.becomes(points, ['1|6|f', '2|2|t', '3|3|f', '4|4|f', '5|5|t']);
    await client.zrangestore('scores', 'scores', 0, 0);
    await client.ltrim('order:1:lines', 0, 0);
    await archive.becomes(tags, ['a|4', 'a|5', 'b|2', 'b|4', 'b|5']);
    await archive.becomes(points, ['1|6|t', '2|2|t', '3|3|f', '4|4|t', '5|5|t']);
    await archive.becomes(lines, ['1|0|b||']);
    await client.copy('tags:b', 'tags:a', 'REPLACE');
    await client.del('tags:b', 'settings:1');
    await archive.becomes(tags, ['a|2', 'a|4', 'a|5']);
    await archive.becomes(settings, []);
    await client.sadd('elsewhere', '5');
    await client.rename('elsewhere', 'tags:a');
    await archive.becomes(tags, ['a|5']);
    const dump = await client.dumpBuffer('tags:a');
    await client.sadd('tags:a', '6');
    await archive.becomes(tags, ['a|5', 'a|6']);
    await client.restore('tags:a', 0, dump, 'REPLACE');
    await archive.becomes(tags, ['a|5']);
    await client.multi().del('tags:a').sadd('tags:a', '7').exec();
    await archive.becomes(tags, ['a|7']);
    expect(await archive.letters()).toEqual([]);
  }, 60_000);

  test('takes no row that others made, or that has parted from its record by a lapse', async () => {
    const { client } = archive.redis;
    await client.sadd('tags:a', 'x', 'y');
    const daemon = await own.start();
    await archive.postgres.query(`INSERT INTO tags VALUES ('a', 'mine')`);
    await client.srem('tags:a', 'x');
    await archive.becomes(tags, ['a|mine', 'a|y']);
    await client.pexpire('tags:a', 1);
    await archive.becomes(`SELECT count(*) FROM millrace.followed WHERE kind = 'tag'`, ['0']);
    await client.sadd('tags:a', 'z');
    await archive.becomes(tags, ['a|mine', 'a|y', 'a|z']);
    await client.del('tags:a');
    await archive.becomes(tags, ['a|mine', 'a|y']);
    await client.sadd('tags:a', 'mine', 'new');
    await archive.becomes(tags, ['a|mine', 'a|new', 'a|y']);
    await client.flushall();
    expect((await archive.pass(daemon)).differences).toEqual({});
    await client.sadd('tags:a', 'new');
    await archive.pass(daemon);
    await client.srem('tags:a', 'new');
    await archive.becomes(tags, ['a|mine', 'a|y']);
  }, 60_000);

  test('stays away when its deletion was refused and is tried again, together with a letter that keeps what it held', async () => {
    const { client } = archive.redis;
    await client.hset('user:1', { name: 'Ann' });
    await client.hset('settings:1', { a: '1', b: '2' });
    const daemon = await own.start();
    await archive.postgres.query(
      `CREATE TABLE uses AS SELECT * FROM settings WHERE name = 'a';
       ALTER TABLE uses ADD FOREIGN KEY ("user_id", name) REFERENCES settings;
       ALTER TABLE settings ADD CONSTRAINT good CHECK (value <> 'bad')`,
    );
    await client.hset('settings:1', 'a', 'bad');
    await archive.untilParked('settings:1');
    await client.hdel('settings:1', 'a');
    await archive.untilParked('settings:1', 'settings:1');
    await archive.postgres.query('DROP TABLE uses; ALTER TABLE settings DROP CONSTRAINT good');
    await archive.pass(daemon);
    await archive.becomes(settings, ['1|b|2']);
    expect(await archive.letters()).toEqual([]);
  }, 60_000);
});

test('one that cannot be a row is parked by itself, and its letter goes with it', async () => {
  const { client } = archive.redis;
  await client.hset('user:1', { name: 'Ann' });
  await client.zadd('scores', '1', '1', '2', 'two', '3', '03');
  await client.rpush(
    'order:1:lines',
    '{"sku":"a","amount":"many"}',
    'no JSON',
    '{"amount":1}',
    '{"sku":"d"}',
  );
  await client.hset('settings:2', { a: '1', b: '2' });
  await client.set('count:a', 'none');
  await client.set('tags:string', 'x');
  const daemon = await own.start();
  const parked = async () =>
    (
      await archive.lines(
        'SELECT key, created, code, column_name FROM millrace.dead_letters ORDER BY key, created',
      )
    ).map((line) => line.replace(/\|$/, ''));
  expect(await parked()).toEqual([
    'count:a||22P02|views',
    'order:1:lines|0|22P02|amount',
    'order:1:lines|1|22P02',
    'order:1:lines|2|23502|sku',
    'scores|03|E_ID|player',
    'scores|two|E_ID|player',
    'settings:2|a|E_PARENT|user_id',
    'settings:2|b|E_PARENT|user_id',
    'tags:string||E_TYPE',
  ]);
  expect(await archive.lines(points)).toEqual(['1|1|f']);
  expect(await archive.lines(lines)).toEqual(['1|3|d||']);
  await client.zrem('scores', 'two');
  await client.zadd('scores', '4', '4');
  await client.hdel('settings:2', 'b');
  await client.lset('order:1:lines', 1, '{"sku":"b"}');
  await client.del('tags:string');
  await client.sadd('tags:string', 'y');
  await archive.becomes(tags, ['string|y']);
  await archive.becomes(points, ['1|1|f', '4|4|f']);
  await archive.becomes(lines, ['1|1|b||', '1|3|d||']);
  await eventually(async () =>
    expect(await parked()).toEqual([
      'count:a||22P02|views',
      'order:1:lines|0|22P02|amount',
      'order:1:lines|2|23502|sku',
      'scores|03|E_ID|player',
      'settings:2|a|E_PARENT|user_id',
    ]),
  );
  await client.hset('user:2', { name: 'Bob' });
  await archive.becomes(settings, ['2|a|1']);
  expect((await archive.pass(daemon)).differences).toEqual({ counter: 1, line: 1, point: 1 });
}, 60_000);

test('a key of very many: written and taken away piece by piece', async () => {
  const { client } = archive.redis;
  const many = Array.from({ length: 12_345 }, (_, at) => `member ${at}`);
  await client.sadd('tags:many', ...many);
  const daemon = await own.start();
  const count = 'SELECT count(*), count(DISTINCT tag) FROM tags';
  expect(await archive.lines(count)).toEqual(['12345|12345']);
  await client.srem('tags:many', ...many.slice(0, 12_000));
  await archive.becomes(count, ['345|345']);
  await client.sadd('tags:many', ...many);
  await archive.becomes(count, ['12345|12345']);
  expect((await archive.pass(daemon)).differences).toEqual({});
  await client.del('tags:many');
  await archive.becomes(count, ['0|0']);
}, 60_000);
