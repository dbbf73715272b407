import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { readAsset } from '../../../src/foundation/package-root';
import Database from 'better-sqlite3';
import { startDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { runCli } from '../../support/run-cli';
import { testRedis, type TestRedis } from '../../support/stores';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
let redis: TestRedis;
let postgres: TestPostgres;
beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});

const session = '0f8fad5b-d9cb-469f-a165-70867728950e';

/** What an application keeps in Redis, of each type that a record can be; and what nobody wants in a table. */
async function fill(client: Redis): Promise<void> {
  await client.hset('user:1', {
    id: '1',
    email: 'ada@example.org',
    age: '36',
    seenAt: '2026-01-05T14:30:00Z',
  });
  await client.hset('user:2', { id: '2', email: '', age: '', phone: '0049123' });
  await client.sadd('user:1:roles', 'admin', 'editor');
  await client.rpush('user:1:emails', 'a@x.org', 'b@x.org');
  await client.set('profile:ada', '{"name":"Ada","likes":["maths"],"born":1815,"bio":null,"rating":4.50}');
  await client.set('profile:bob', '{"name":"B\\u00f6b \\"x\\"","likes":[],"born":1970,"rating":5}');
  await client.mset('views:/home', '17', 'views:/about us', '9223372036854775807');
  await client.sadd('tags:17', 'redis', "o'clock", '\u{1f4be}');
  await client.zadd('scores', 1.5, '7', '-inf', '8');
  await client.rpush('order:9:lines', '{"sku":"MUG","amount":2}', '{"sku":"CUP","amount":1}');
  await client.hset(`basket:${session}`, { '101': '2', '102': '1' });
  await client.xadd('payments', '1-1', 'kind', 'paid', 'amount', '9.50');
  await client.xadd('payments', '1-2', 'kind', 'sent', 'amount', '3', 'note', 'a\nb');
  await client.set('lock:order:9', 'me', 'PX', 30_000);
  await client.set('sess:def', '{"user":2}', 'EX', 3_600);
  await client.set('sess:abc', '{"user":1}', 'EX', 3_600);
  await client.hset('bull:mail:1', { name: 'send' });
  await client.pfadd('visitors:1', 'a');
}

/** Each row as text, in the order of the columns. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'SELECT id, age, email, phone, seen_at::text FROM users ORDER BY 1': [
    '1,36,ada@example.org,,2026-01-05 14:30:00+00',
    '2,,,0049123,',
  ],
  'SELECT id, member FROM user_roles ORDER BY 2': ['1,admin', '1,editor'],
  'SELECT id, place, value FROM user_emails ORDER BY 2': ['1,0,a@x.org', '1,1,b@x.org'],
  'SELECT id, bio, born, likes, name, rating FROM profiles ORDER BY 1': [
    'ada,,1815,["maths"],Ada,4.5',
    'bob,,1970,[],Böb "x",5',
  ],
  'SELECT id, value FROM views ORDER BY 1': ['/about us,9223372036854775807', '/home,17'],
  'SELECT id, member FROM tags ORDER BY member COLLATE "C"': ["17,o'clock", '17,redis', '17,\u{1f4be}'],
  'SELECT member, score FROM scores ORDER BY 1': ['7,1.5', '8,-Infinity'],
  'SELECT id, place, sku, amount FROM order_lines ORDER BY 2': ['9,0,MUG,2', '9,1,CUP,1'],
  'SELECT id, field, value FROM baskets ORDER BY 2': [`${session},101,2`, `${session},102,1`],
  'SELECT entry, kind, amount, note FROM payments ORDER BY 1': ['1-1,paid,9.5,', '1-2,sent,3,a\nb'],
};

test('from a Redis of all types and a file that nobody has described: init, check, plan, apply, and the daemon goes on', async () => {
  const work = join(folder, 'work');
  mkdirSync(work);
  const db = new Database(join(work, 'shop.db'));
  db.exec(readAsset('examples/mappings/shop.sql'));
  db.close();
  await redis.client.flushall();
  await fill(redis.client);
  const settings = { REDIS_URL: redis.url, POSTGRES_URL: postgres.url, DB_PATH: join(work, 'shop.db') };
  const millrace = (...args: readonly string[]) => runCli(args, settings, work);
  const rows = async (sql: string): Promise<readonly string[]> => {
    const found: Record<string, unknown>[] = await postgres.query(
      `SELECT concat_ws(',', VARIADIC (SELECT array_agg(coalesce(value, '') ORDER BY at) FROM json_each_text(row_to_json(r)) WITH ORDINALITY AS f (name, value, at))) AS line FROM (${sql}) AS r`,
    );
    return found.map(({ line }) => String(line));
  };

  const { code, output } = await millrace('config', 'init');
  expect([code, output]).toEqual([0, expect.stringContaining('left out   lock:order:{id}: locks')]);
  expect(await millrace('config', 'check')).toMatchObject({ code: 0 });
  expect(await millrace('config', 'plan')).toMatchObject({ code: 3 });
  expect(await millrace('config', 'apply')).toMatchObject({ code: 0 });
  for (const [sql, lines] of Object.entries(expected)) expect([sql, await rows(sql)]).toEqual([sql, lines]);
  expect(await redis.client.exists('product:1')).toBe(1);
  expect(await millrace('config', 'plan')).toMatchObject({ code: 0 });

  const text = readFileSync(join(work, 'millrace.yaml'), 'utf8');
  expect(text).toContain('# deletions: of a key that holds many');
  expect(text).toContain('# sess:{id}: sessions that expire');
  expect(text).toContain('# bull:mail:{id}: keys of Bull');
  expect(text).toContain('# visitors:{id}: HyperLogLogs');

  // Proposed again, it is the same file: what is there already is ours.
  const again = await millrace('config', 'init', '--stdout');
  const mapped = (lines: string) => lines.split('\n').filter((line) => /^(?:include| {2,}\w)/.test(line));
  expect(mapped(again.output.slice(0, again.output.indexOf('Found:')))).toEqual(mapped(text));

  const daemon = await startDaemon({ ...settings, MILLRACE_CONFIG: join(work, 'millrace.yaml') });
  const { client } = redis;
  await client.hset('user:3', { id: '3', email: 'c@example.org', age: '5' });
  await client.set('profile:ada', '{"name":"Ada L.","born":1815}');
  await client.srem('user:1:roles', 'editor');
  await client.del('user:1:emails');
  await client.incr('views:/home');
  await client.srem('tags:17', 'redis');
  await client.zincrby('scores', 1, '7');
  await client.rpop('order:9:lines');
  await client.hdel(`basket:${session}`, '102');
  await client.xadd('payments', '2-1', 'kind', 'late', 'amount', '1e2');
  const becomes = (sql: string, lines: readonly string[]) =>
    eventually(async () => expect(await rows(sql)).toEqual(lines));
  await becomes('SELECT id, age, email FROM users WHERE id = 3', ['3,5,c@example.org']);
  await becomes("SELECT name, born, likes FROM profiles WHERE id = 'ada'", ['Ada L.,1815,']);
  await becomes('SELECT id, member FROM user_roles', ['1,admin']);
  await becomes('SELECT id, value FROM user_emails', []);
  await becomes("SELECT value FROM views WHERE id = '/home'", ['18']);
  await becomes('SELECT member FROM tags ORDER BY member COLLATE "C"', ["o'clock", '\u{1f4be}']);
  await becomes('SELECT member, score FROM scores ORDER BY 1', ['7,2.5', '8,-Infinity']);
  await becomes('SELECT place, sku FROM order_lines', ['0,MUG']);
  await becomes('SELECT field, value FROM baskets', ['101,2']);
  await becomes("SELECT kind, amount FROM payments WHERE entry = '2-1'", ['late,100']);
  expect(await rows('SELECT count(*) FROM millrace.dead_letters')).toEqual(['0']);
  await daemon.stop();

  // Keys that begin alike are told apart by whoever reads them.
  const traced = await millrace('trace', 'user:1:roles');
  expect([traced.code, traced.output]).toEqual([0, expect.stringContaining('user_role')]);
  await client.del('user:1', 'user:1:roles', 'user:2');
  expect(await millrace('warm')).toMatchObject({ code: 0 });
  expect(await client.smembers('user:1:roles')).toEqual(['admin']);
  expect(await client.hgetall('user:1')).toMatchObject({ email: 'ada@example.org', age: '36' });
}, 120_000);
