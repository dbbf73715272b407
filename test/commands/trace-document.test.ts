import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readAsset } from '../../src/foundation/package-root';
import { loadConfig } from '../../src/config/load';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { parseTraced } from '../../src/terminal/trace-key';
import { startDaemon } from '../support/daemon';
import { runCli } from '../support/run-cli';
import { testRedis, type TestRedis } from '../support/stores';
import { temporaryFolder } from '../support/temporary-folder';

const folder = temporaryFolder();
let redis: TestRedis;
beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(() => redis.client.flushall());

/** The shop of the examples, and `millrace trace` beside it. */
function shop(name: string) {
  const work = join(folder, name);
  mkdirSync(work);
  const config = join(work, 'millrace.yaml');
  cpSync(join(__dirname, '../../examples/mappings/millrace.yaml'), config);
  const path = join(work, 'shop.db');
  const db = new Database(path);
  db.exec(readAsset('examples/mappings/shop.sql'));
  const environment = { REDIS_URL: redis.url, DB_PATH: path, MILLRACE_CONFIG: config };
  const trace = (...args: readonly string[]) => runCli(['trace', ...args], environment, work);
  const verdict = async (key: string) =>
    (JSON.parse((await trace(key, '--json')).output) as { verdict: object }).verdict;
  return { db, environment, trace, verdict };
}

test('a document’s life: never synced, applied, waiting by a change of another table, unserved', async () => {
  const { db, environment, trace, verdict } = shop('life');
  expect((await trace('order:1')).output).toContain(
    '→ order is new: no full pass has brought it in step yet',
  );
  await (await startDaemon(environment)).stop();
  const applied = await trace('order:1');
  expect(applied).toMatchObject({ code: 0 });
  expect(applied.output).toMatch(
    /^order:1 {3}of order \(order:\{id\}\)\nSQLite {5}orders, id 1\n {11}\{"id":1,"status":"paid","customer":"Ada",/,
  );
  expect(applied.output).toMatch(/\nRedis {6}\{"id":1,.*\}\n→ Applied: the key is as its rows say\.\n$/);
  expect((await trace('category:clothes')).output).toContain('\nRedis      ["2"]\n→ Applied');
  expect((await trace('customer:2')).output).toContain(
    '\nRedis      {"email":"bob@example.org","name":"Bob","vip":"0"}\n',
  );

  db.exec(`UPDATE products SET price = 3 WHERE id = 3; UPDATE customers SET name = 'Ada L.' WHERE id = 1`);
  const waiting = await trace('order:1');
  expect(waiting.code).toBe(1);
  expect(waiting.output).toMatch(/\nChangelog {2}change \d+ of .*Z, of customers, waiting\n/);
  expect(waiting.output).toMatch(/\nChangelog {2}change \d+ of .*Z, of products, waiting\n/);
  expect(waiting.output).toMatch(
    /→ Waiting in the changelog since .*Z, by a change of products, \d+ changes before it/,
  );
  expect(await verdict('order:3')).toMatchObject({ state: 'applied' }); // neither its customer nor its products
  expect(await verdict('product:3')).toMatchObject({ state: 'waiting' });

  await redis.client.hset('customer:2', 'name', 'somebody else');
  expect(await verdict('customer:2')).toMatchObject({
    state: 'not captured',
    sentence: expect.stringContaining('the next full pass repairs it') as string,
  });
  expect(await verdict('product:99')).toMatchObject({ state: 'unknown' });
  db.exec("INSERT INTO products VALUES (9, 'X', 'x', 1, NULL); DELETE FROM products WHERE id = 9");
  expect(await verdict('product:9')).toEqual({
    state: 'applied',
    sentence: 'Applied: no row of products has this key, and there is none.',
  });
  db.exec('DROP TABLE order_lines');
  expect(await trace('order:1')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/→ .*order_lines.*: the keys of order are left as they are\.\n$/) as string,
  });
  db.close();
}, 60_000);

test('a key that a new mapping would take over is blocked, one with two rows can have none, and what holds it is told', async () => {
  const { db, environment, verdict } = shop('blocked');
  await redis.client.set('product:1', 'theirs');
  await (await startDaemon(environment)).stop();
  expect(await verdict('product:1')).toEqual({
    state: 'blocked',
    sentence: expect.stringMatching(
      /^product is new, and this key holds something else.*--yes product/,
    ) as string,
  });
  expect(await verdict('customer:1')).toMatchObject({ state: 'applied' });
  db.exec(`UPDATE customers SET name = CAST(x'ff' AS TEXT) WHERE id = 2`);
  expect(await verdict('customer:2')).toMatchObject({
    state: 'waiting', // a daemon will delete the key first
  });
  await redis.client.del('customer:2');
  expect(await verdict('customer:2')).toEqual({
    state: 'unserved',
    sentence: expect.stringMatching(/^This key can have no value: .*UTF-8/) as string,
  });
  db.close();
}, 60_000);

test('a key of nobody is refused with all prefixes, and the one that was probably meant', () => {
  const { db, environment } = shop('nobody');
  db.close();
  const { documents, aliasTables } = loadConfig(environment);
  const keys = { documents, aliasTables, catalogue: aiRegistry };
  const refused = (text: string) => {
    try {
      parseTraced(text, keys);
    } catch (error) {
      return error as object;
    }
    throw new Error(`${text} is a key`);
  };
  expect(parseTraced('customer-by-email:ada', keys)).toMatchObject({
    of: 'document',
    document: { name: 'customer-by-email' },
    name: 'ada',
  });
  expect(refused('prodct:1')).toMatchObject({
    code: 'E_TRACE_KEY',
    message: 'prodct:1 is no key of ours',
    hint: expect.stringMatching(
      /^Did you mean product:…\? Name aidb:<kind>.* or product:\{id\} or customer:\{id\} or /,
    ) as string,
  });
  expect(refused('aidb:modle:1')).toMatchObject({ hint: expect.stringContaining('aidb:model:…?') as string });
  expect(refused('wholly-unlike/1')).toMatchObject({ hint: expect.stringMatching(/^Name /) as string });
});
