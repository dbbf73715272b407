import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { mappingFile } from '../../mapping/file/support';
import { runCli } from '../../support/run-cli';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';
import { temporaryFolder } from '../../support/temporary-folder';

const folder = temporaryFolder();
let redis: TestRedis;
let postgres: TestPostgres;
let work: string;
let runs = 0;

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
});
beforeEach(async () => {
  await redis.client.flushall();
  work = join(folder, `run-${++runs}`);
  mkdirSync(work);
});

/** An SQLite file in the working folder. */
function database(schema: string): void {
  const db = new Database(join(work, 'shop.db'));
  db.exec(schema);
  db.close();
}

const products =
  "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO products VALUES (1, 'Mug');";
const init = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  runCli(['config', 'init', ...args], { REDIS_URL: redis.url, DB_PATH: 'shop.db', ...env }, work);
const written = () => readFileSync(join(work, 'millrace.yaml'), 'utf8');
const nobody = 'redis://127.0.0.1:1';

test('from stores that nobody has described comes a file, and what is in it is said', async () => {
  database(`${products} CREATE TABLE log (line TEXT);`);
  for (const id of [1, 2, 3]) await redis.client.hset(`user:${id}`, { email: 'a@example.org', age: 30 });
  const { code, output } = await init([], { POSTGRES_URL: postgres.url });
  expect([code, output]).toEqual([
    0,
    expect.stringContaining('document   product:{id}  from products, 2 columns'),
  ]);
  expect(output).toContain('record     user:{id:int}  to users');
  expect(output).toContain('left out   log: it has no primary key and no unique one');
  expect(output).toContain('millrace config plan');
  expect(mappingFile(written()).documents.map(({ mapping }) => mapping.key.text)).toEqual(['product:{id}']);
  expect(written().split('\n')[0]).toMatch(/^# yaml-language-server: \$schema=\S+$/);
  expect(mappingFile(written()).records.map(({ mapping: { key, table } }) => [key.prefix, table])).toEqual([
    ['user:', 'users'],
  ]);
  expect(written()).toContain('# log: it has no primary key and no unique one');
});

test('without Postgres records are comments: a table that is there would be adopted', async () => {
  database(products);
  for (const id of [1, 2, 3]) await redis.client.hset(`user:${id}`, { email: 'a@example.org', age: 30 });
  const { output } = await init();
  expect(output).toContain('record     user:{id:int}  to users, as a comment');
  expect(mappingFile(written()).records).toEqual([]);
  expect(written()).toContain(
    '#   user: { key: "user:{id:int}", table: users, hash: { age: int, email: text } }',
  );
  expect(written()).toContain('# Comments, for POSTGRES_URL is not set');
});

test('a table that Postgres has is not proposed for the rows of a record', async () => {
  database(products);
  await postgres.query('CREATE TABLE users (id int)');
  for (const id of [1, 2, 3]) await redis.client.hset(`user:${id}`, { email: 'a@example.org', age: 30 });
  await init([], { POSTGRES_URL: postgres.url });
  await postgres.query('DROP TABLE users');
  expect(mappingFile(written()).records).toMatchObject([{ mapping: { name: 'user', table: 'redis_users' } }]);
});

test('a file that is there stays as it is, whatever is in it', async () => {
  database(products);
  writeFileSync(join(work, 'millrace.yaml'), 'a: [broken');
  const { code, output } = await init();
  expect([code, output]).toEqual([
    1,
    expect.stringContaining(`${join(work, 'millrace.yaml')} is there already`),
  ]);
  expect(output).toContain('E_FILE_EXISTS');
  expect(written()).toBe('a: [broken');
});

test('a link that leads nowhere is not followed', async () => {
  database(products);
  symlinkSync(join(work, 'elsewhere.yaml'), join(work, 'millrace.yaml'));
  expect(await init()).toMatchObject({ code: 1 });
  expect(existsSync(join(work, 'elsewhere.yaml'))).toBe(false);
});

test('--stdout prints the file, writes none, and asks for no place to write it', async () => {
  database(products);
  writeFileSync(join(work, 'millrace.yaml'), 'version: 1\n');
  const { code, output } = await init(['--stdout']);
  expect(code).toBe(0);
  expect(output).toContain('product: { from: products, key: "product:{id}", json: [id, name] }');
  expect(written()).toBe('version: 1\n');
});

test('--config or MILLRACE_CONFIG says which file', async () => {
  database(products);
  expect(await init([], { MILLRACE_CONFIG: 'other.yaml' })).toMatchObject({ code: 0 });
  expect(await init(['--config', 'third.yaml'], { MILLRACE_CONFIG: 'other.yaml' })).toMatchObject({
    code: 0,
  });
  expect(await init([], { MILLRACE_CONFIG: 'other.yaml' })).toMatchObject({ code: 1 });
  expect(readdirSync(work).filter((name) => name.endsWith('.yaml'))).toEqual(['other.yaml', 'third.yaml']);
});

test('a folder that is not there is said to be what is wrong', async () => {
  database(products);
  const { code, output } = await init([], { MILLRACE_CONFIG: 'no/such/folder.yaml' });
  expect([code, output]).toEqual([1, expect.stringContaining('E_FILE_CANNOT_WRITE')]);
});

test('a Redis that does not answer is said to be missing, and the rest goes on', async () => {
  database(products);
  const { code, output } = await init([], { REDIS_URL: nobody });
  expect([code, output]).toEqual([
    0,
    expect.stringContaining('Note: Cannot connect to Redis at 127.0.0.1:1'),
  ]);
  expect(mappingFile(written()).documents).toHaveLength(1);
  expect(written()).toContain('# ai-registry: not included, as Redis could not be asked for keys aidb:*');
});

test('a Postgres that does not answer is said to be missing, and its password is not', async () => {
  database(products);
  const { code, output } = await init([], { POSTGRES_URL: 'postgresql://u:secret@127.0.0.1:1/db' });
  expect([code, output]).toEqual([0, expect.stringContaining('Note: ')]);
  expect(output + written()).not.toContain('secret');
});

test('an SQLite file that is named and not there is an error, and no file is written', async () => {
  const { code, output } = await init();
  expect([code, output]).toEqual([1, expect.stringContaining('E_DB_MISSING')]);
  expect(existsSync(join(work, 'millrace.yaml'))).toBe(false);
});

test('with neither an SQLite file nor a Redis there is nothing to look at', async () => {
  const { code, output } = await init([], { REDIS_URL: nobody, DB_PATH: '' });
  expect([code, output]).toEqual([1, expect.stringContaining('E_NO_STORES')]);
});

test('without an SQLite file Redis alone is looked at', async () => {
  await redis.client.hset('aidb:model:1', 'name', 'x');
  expect(await init([], { DB_PATH: '' })).toMatchObject({ code: 0 });
  expect(mappingFile(written()).include).toEqual(['ai-registry']);
});

test('where there is nothing to map no file is written, for it would switch everything off', async () => {
  database('CREATE TABLE log (line TEXT)');
  const { code, output } = await init();
  expect([code, output]).toEqual([1, expect.stringContaining('E_NOTHING_FOUND')]);
  expect(existsSync(join(work, 'millrace.yaml'))).toBe(false);
  expect(await init(['--stdout'])).toMatchObject({
    code: 0,
    output: expect.stringContaining('# log: it has no primary key') as unknown,
  });
});

test('hashes alone need a Postgres, and without it no file is written', async () => {
  await redis.client.hset('user:1', { email: 'a@example.org' });
  const { code, output } = await init([], { DB_PATH: '' });
  expect([code, output]).toEqual([
    1,
    expect.stringMatching(
      /user:\{id:int\} would go to Postgres, and POSTGRES_URL is not set.*E_POSTGRES_URL/,
    ),
  ]);
  expect(existsSync(join(work, 'millrace.yaml'))).toBe(false);
  expect(await init([], { DB_PATH: '', POSTGRES_URL: postgres.url })).toMatchObject({ code: 0 });
});

test('an SQLite file of no bytes is one without tables', async () => {
  writeFileSync(join(work, 'shop.db'), '');
  expect(await init()).toMatchObject({
    code: 1,
    output: expect.stringContaining('E_NOTHING_FOUND') as unknown,
  });
  await redis.client.hset('aidb:model:1', 'name', 'x');
  expect(await init()).toMatchObject({ code: 0 });
});

test('tables that ALIAS_TABLES names are served as it says, and mapped by nothing else', async () => {
  database(`${products} CREATE TABLE clubs (id INTEGER PRIMARY KEY, alias TEXT)`);
  await init([], { ALIAS_TABLES: 'club=clubs(id,alias)' });
  expect(mappingFile(written())).toMatchObject({
    include: ['sports-aliases'],
    documents: [{ name: 'product' }],
  });
});

test('nothing is written to the stores that are looked at', async () => {
  database(products);
  await redis.client.hset('user:1', 'email', 'x');
  const before = readFileSync(join(work, 'shop.db'));
  await init();
  expect(readFileSync(join(work, 'shop.db')).equals(before)).toBe(true);
  expect(await redis.client.keys('*')).toEqual(['user:1']);
});

test('where Redis has keys under a prefix another one is proposed, and the file says why', async () => {
  database(products);
  await redis.client.set('product:1', '{}');
  await init();
  expect(mappingFile(written()).documents.map(({ mapping }) => mapping.key.text)).toEqual([
    'doc:products:{id}',
  ]);
  expect(written()).toContain('# Redis has keys under product:');
});
