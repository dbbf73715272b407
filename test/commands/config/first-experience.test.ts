import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readAsset } from '../../../src/foundation/package-root';
import { runCli } from '../../support/run-cli';
import { testRedis, type TestRedis } from '../../support/stores';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(() => redis.client.flushall());

/** `millrace …` in a folder with a SQLite file, and the Redis of this test. */
function shopIn(name: string, schema: string) {
  const work = join(folder, name);
  mkdirSync(work);
  const db = new Database(join(work, 'shop.db'));
  db.exec(schema);
  db.close();
  return {
    work,
    millrace: (...args: readonly string[]) =>
      runCli(args, { REDIS_URL: redis.url, DB_PATH: 'shop.db' }, work),
  };
}

test('from a file and a Redis that nobody has described to documents: init, plan, apply', async () => {
  const { millrace } = shopIn('new', readAsset('examples/mappings/shop.sql'));
  await redis.client.hset('user:1', { email: 'a@example.org' });
  expect(await millrace('config', 'init')).toMatchObject({ code: 0 });
  expect(await millrace('config', 'check')).toMatchObject({ code: 0 });
  expect(await millrace('config', 'plan')).toMatchObject({ code: 3 });
  expect(await millrace('config', 'apply')).toMatchObject({ code: 0 });
  expect(await redis.client.get('product:1')).toBe(
    '{"id":1,"sku":"MUG-01","name":"Mug","price":9.5,"category":"kitchen"}',
  );
  expect(await redis.client.exists('customer:2', 'order:3', 'order_line:1:2')).toBe(3);
  expect(await redis.client.hgetall('user:1')).toEqual({ email: 'a@example.org' });
  expect(await millrace('config', 'plan')).toMatchObject({ code: 0 });
});

test('what is proposed takes over no key of others, whose keys have the names that ours would have', async () => {
  const { millrace } = shopIn('theirs', readAsset('examples/mappings/shop.sql'));
  await redis.client.set('product:1', 'theirs');
  await redis.client.hset('order:9', 'state', 'theirs');
  await millrace('config', 'init');
  expect(await millrace('config', 'apply')).toMatchObject({ code: 0 });
  expect(await redis.client.get('product:1')).toBe('theirs');
  expect(await redis.client.hgetall('order:9')).toEqual({ state: 'theirs' });
  expect(await redis.client.exists('doc:products:1', 'doc:orders:1')).toBe(2);
});

test('a file that is deleted and proposed again after it was applied is the same file, and nothing is to do', async () => {
  const { work, millrace } = shopIn('again', readAsset('examples/mappings/shop.sql'));
  await millrace('config', 'init');
  await millrace('config', 'apply');
  const before = readFileSync(join(work, 'millrace.yaml'), 'utf8');
  const documents = (text: string) => text.split('\n').filter((line) => /^ {2,}\w/.test(line));
  const { output } = await millrace('config', 'init', '--stdout');
  expect(documents(output.slice(0, output.indexOf('Found:')))).toEqual(documents(before));
  writeFileSync(join(work, 'millrace.yaml'), output.slice(0, output.indexOf('Found:')));
  expect(await millrace('config', 'plan')).toMatchObject({ code: 0 });
});
