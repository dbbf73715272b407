import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { loadConfig } from '../../src/config/load';
import { withStores } from '../../src/config/left-out';
import { banner } from '../../src/daemon/banner';
import { Millrace } from '../../src/index';
import { withoutContents } from '../../src/support-bundle/scrub';
import { useArchive } from '../archive/support/archive';
import { aliasDatabase } from '../support/alias-database';
import { startDaemon } from '../support/daemon';
import { runCli } from '../support/run-cli';
import { temporaryFolder } from '../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();

const yaml = `version: 1
documents:
  product: { from: products, key: 'product:{id}', json: [id, name] }
  stock: { from: stock, key: 'stock:{product}', string: amount }
records:
  user: { key: 'user:{id:int}', table: users, hash: { email: text! } }
`;

/** A shop with a table that is empty, in a folder of its own. */
function shop(name: string) {
  const work = join(folder, name);
  mkdirSync(work);
  const path = join(work, 'shop.db');
  const db = new Database(path);
  db.exec(`CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO products VALUES (1, 'Mug'), (2, x'ff');
    CREATE TABLE stock (product INTEGER PRIMARY KEY, amount INTEGER);`);
  db.close();
  writeFileSync(join(work, 'millrace.yaml'), yaml);
  const { REDIS_URL = '', POSTGRES_URL = '' } = archive.environment();
  const environment = { REDIS_URL, DB_PATH: path };
  const millrace = (line: string, env: Readonly<Record<string, string>> = {}) =>
    runCli(line.split(' '), { ...environment, ...env }, work);
  const config = (env: Readonly<Record<string, string>> = {}) =>
    loadConfig({ ...environment, HTTP_PORT: '0', MILLRACE_CONFIG: join(work, 'millrace.yaml'), ...env });
  return { work, path, POSTGRES_URL, REDIS_URL, millrace, config };
}

test('cache is what aliases are called wherever a pipeline is named, and aliases stays accepted', async () => {
  const { millrace, config, REDIS_URL, path } = shop('names');
  expect(config({ MILLRACE_ONLY: 'cache' }).pipelines).toEqual(['aliases']);
  for (const name of ['cache', 'aliases']) {
    expect(await millrace(`pause --only ${name}`)).toMatchObject({ code: 0 });
    expect(await millrace(`run --once --only ${name}`)).toMatchObject({
      code: 1,
      output: expect.stringContaining('E_PAUSED') as string,
    });
    expect(await millrace(`resume --only ${name}`)).toEqual({ code: 0, output: 'aliases: goes on\n' });
    expect(await millrace(`reconcile --only ${name}`)).toMatchObject({ code: 0 });
  }
  expect((await millrace('reconcile --help')).output).toMatch(
    /--only <pipeline> .*cache.*aliases is\s+its old name/s,
  );

  const token = 'a-token-of-sixteen-characters';
  const daemon = await startDaemon({}, { config: config({ MILLRACE_ONLY: 'cache', MILLRACE_TOKEN: token }) });
  const post = async (what: string) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(`${daemon.url}/api/pipelines/${what}`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    return [response.status, await response.json()] as const;
  };
  expect(await post('cache/pause')).toEqual([200, { paused: true }]);
  expect(await post('aliases/resume')).toEqual([200, { paused: false }]);
  expect(await post('cache/reconcile')).toMatchObject([200, { report: { total: 1 } }]);
  expect(await post('other/pause')).toMatchObject([
    404,
    { hint: 'They are cache and archive; aliases is the old name of cache.' },
  ]);
  await daemon.stop();

  const library = new Millrace({
    only: 'cache',
    redisUrl: REDIS_URL,
    dbPath: path,
    config: config().mappingsFile?.path,
  });
  await library.pause('cache');
  await library.resume('aliases');
  expect((await library.reconcile('cache')).total).toBe(1);
  expect((await library.syncAliases()).total).toBe(1);
}, 60_000);

test('a pass in which nothing matches says so, in its summary and in status; words are of keys where documents are served', async () => {
  const { millrace, config, POSTGRES_URL } = shop('words');
  const { output } = await millrace('run --once', { POSTGRES_URL });
  expect(output).toContain(
    '✓ Sync complete:\n  - Total keys: 1\n  - Added: 1\n  - Updated: 0\n  - Deleted: 0\n  - Nothing matches: no row makes a key of stock\n  - Skipped: 1 rows that can have no key (millrace dead-letters list)\n',
  );
  expect(output).toMatch(
    /=== Sync Complete in .*===\n {2}User: 0\n {2}Errors: 0\n {2}Nothing matches: Redis has no key of user\n/,
  );
  const daemon = await startDaemon({}, { config: config({ POSTGRES_URL }) });
  await daemon.control.reconcile('archive');
  const port = { POSTGRES_URL, HTTP_PORT: new URL(daemon.url).port };
  const status = await millrace('status', port);
  expect(status.output).toContain('\nCache\n');
  expect(status.output).toMatch(/\n {2}Last pass: .* 1 key, \+0/);
  expect(status.output).toContain('\n  Mappings:    product 1, stock 0\n');
  expect(status.output).toContain('\n  No match:    no row makes a key of stock\n');
  expect(status.output).toContain('\n  No match:    Redis has no key of user\n');
  await archive.redis.client.hset('user:1', 'email', 'a@b.c');
  await daemon.control.reconcile('archive');
  expect((await millrace('status', port)).output).not.toContain('no key of user');
  const doctor = await millrace('doctor', port);
  expect(doctor.output).toContain('no eviction of keys of the mappings');
  expect(doctor.output).toContain('no drift: 1 keys are as their rows say');
  const list = await millrace('dead-letters list --config millrace.yaml', port);
  expect(list.output).toMatch(/\nproducts {2}product, key "2": .*\n1 rows that cannot be served: mend them/);
  await daemon.stop();
  expect(banner(config())).toContain('\nSQLite → Redis Sync Service\n');
}, 60_000);

test('where alias tables alone are served, every word is that of the service before', async () => {
  const path = join(folder, 'aliases.db');
  aliasDatabase(path).close();
  const { REDIS_URL = '' } = archive.environment();
  const { output } = await runCli(['run', '--once'], { REDIS_URL, DB_PATH: path }, folder);
  expect(output).toContain(
    '✓ Sync complete:\n  - Total aliases: 0\n  - Added: 0\n  - Updated: 0\n  - Deleted: 0\n  - No changes detected\n  - Duration',
  );
  const known = { REDIS_URL, DB_PATH: path, MILLRACE_CONFIG: '' };
  expect(banner(loadConfig(known))).toContain('\nRedis Alias Sync Service\n');
  expect(withStores(loadConfig(known)).leftOut).toMatchObject([
    { message: expect.stringMatching(/^the aliases alone/) as string },
  ]);
});

test('the pipeline that is left out beside documents, and a file without their tables, are told in their words', async () => {
  const { work, config, millrace } = shop('left-out');
  expect(withStores(config()).leftOut).toMatchObject([
    {
      message: expect.stringMatching(/^the cache alone/) as string,
      hint: expect.stringContaining('=cache ') as string,
    },
  ]);
  aliasDatabase(join(work, 'other.db')).close();
  expect(await millrace('run --once --only cache --db other.db')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/none of the mappings can be served from .*E_NO_TABLES/) as string,
  });
});

test('completion offers the names that mappings have; without a file in order, those that are built in', async () => {
  const { work, millrace } = shop('completion');
  const bash = (await millrace('completion bash')).output;
  expect(bash).toContain('"millrace config apply --yes") COMPREPLY=($(compgen -W "product stock"');
  expect(bash).toContain('"millrace dead-letters list --kind") COMPREPLY=($(compgen -W "user"');
  expect(bash).toContain('"millrace run --only") COMPREPLY=($(compgen -W "cache archive"');
  writeFileSync(join(work, 'millrace.yaml'), 'version: 2\n');
  expect((await millrace('completion bash')).output).toContain(
    '--kind") COMPREPLY=($(compgen -W "model dataset',
  );
});

test('the support bundle names the mappings, and quotes none of their keys', async () => {
  const { work, millrace } = shop('bundle');
  await archive.redis.client.set('product:canary 17', 'theirs');
  expect(await millrace('support-bundle out.gz --only cache')).toMatchObject({ code: 0 });
  const text = gunzipSync(readFileSync(join(work, 'out.gz'))).toString();
  expect(JSON.parse(text)).toMatchObject({
    stores: { documents: ['product', 'stock'], records: ['user'] },
    sqlite: { documents: [{ name: 'product', table: 'products', state: 'served' }, { name: 'stock' }] },
  });
  expect(text).not.toContain('canary');
  const message = 'the key product:canary "17" of user:9 (E_X)';
  expect(withoutContents(message, { names: new Set(), prefixes: ['product:', 'user:'] })).toBe(
    'the key product:…',
  );
  expect(withoutContents('superuser:1 may log in', { names: new Set(), prefixes: ['user:'] })).toBe(
    'superuser:1 may log in',
  );
}, 60_000);
