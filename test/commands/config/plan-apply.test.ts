import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { loadConfig } from '../../../src/config/load';
import { useArchive } from '../../archive/support/archive';
import { emptied } from '../../archive/support/in-step';
import { runReloading } from '../../../src/daemon/reloading';
import { keepLog } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { runCli } from '../../support/run-cli';
import { temporaryFolder } from '../../support/temporary-folder';

const archive = useArchive();
const folder = temporaryFolder();

/** A folder with a SQLite file and a file of mappings, and `millrace` in it. */
function workIn(name: string, schema: string, yaml: string) {
  const work = join(folder, name);
  mkdirSync(work);
  const db = new Database(join(work, 'shop.db'));
  db.exec(schema);
  db.close();
  writeFileSync(join(work, 'millrace.yaml'), yaml);
  const { REDIS_URL = '', POSTGRES_URL = '' } = archive.environment();
  const millrace = (line: string, env: Readonly<Record<string, string>> = {}) =>
    runCli(line.split(' '), { REDIS_URL, DB_PATH: 'shop.db', ...env }, work);
  return { work, POSTGRES_URL, REDIS_URL, millrace };
}

const products = `CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO products VALUES (1, 'Mug');
  CREATE TABLE stock (product INTEGER PRIMARY KEY, amount INTEGER);`;
const documents = `
documents:
  product: { from: products, key: 'product:{id}', json: [id, name] }
  stock: { from: stock, key: 'stock:{product}', string: amount }
`;
const records = `
records:
  user: { key: 'user:{id:int}', table: users, hash: { email: text!, age: int } }
`;

test('a built-in mapping without its table is a note for plan and apply; one of the file’s own is a failure', async () => {
  const { work, millrace } = workIn(
    'absent',
    products,
    `version: 1\ninclude: [sports-aliases]\n${documents}`,
  );
  const plan = await millrace('config plan');
  expect(plan.output).toMatch(
    /\n= {2}team {2}alias:team:\{alias\} {2}built in, and not served here: No such table/,
  );
  expect(plan.output).toContain('SQLite: to install the changelog, triggers on products, stock');
  expect(plan.code).toBe(3);
  const applied = await millrace('config apply');
  expect(applied.output).toContain('\nSQLite: installed the changelog, triggers on products, stock\n');
  expect(applied.output).toContain('team is built in, and not served here: there is no table team_aliases');
  expect(applied.code).toBe(0);
  expect(await millrace('config plan')).toMatchObject({ code: 0 });
  expect((await millrace('doctor')).output).toContain('· No such table: team_aliases');

  writeFileSync(
    join(work, 'millrace.yaml'),
    `version: 1\n${documents}  gone: { from: goods, key: 'goods:{id}', string: id }\n`,
  );
  expect(await millrace('config plan')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/! {2}gone {2}goods:\{id\} {2}cannot be served: .*goods/) as string,
  });
  expect(await millrace('config apply')).toMatchObject({ code: 1 });
}, 60_000);

test('plan lists what Postgres lacks for records, and apply makes it and brings the records over, where no daemon runs', async () => {
  await emptied(archive.postgres);
  const { POSTGRES_URL, millrace } = workIn('records', products, `version: 1\n${documents}${records}`);
  await archive.redis.client.hset('user:1', { email: 'a@b.c', age: '7' });
  const plan = await millrace('config plan', { POSTGRES_URL });
  expect(plan).toMatchObject({
    code: 3,
    output: expect.stringMatching(
      /-> Postgres at .*\nrecord user: user:\{id:int\} to table users, which is made; 1 key, 1 to be written\n {2}\+ table users\n\+ \d+ things of Millrace's own, in the schema millrace\nNothing was changed/,
    ) as string,
  });
  expect(plan.output).not.toContain('predictions');
  expect(await archive.lines(`SELECT nspname FROM pg_namespace WHERE nspname = 'millrace'`)).toEqual([]);
  expect(await archive.redis.client.exists('product:1')).toBe(0);

  const applied = await millrace('config apply', { POSTGRES_URL });
  expect(applied.output).toContain('\nPostgres: created table users\n');
  expect(applied.output).toContain('No daemon has answered. Start one: millrace run');
  expect(applied.code).toBe(0);
  expect(await archive.lines('SELECT id, email, age FROM users')).toEqual(['1|a@b.c|7']);
  expect(await archive.redis.client.get('product:1')).toBe('{"id":1,"name":"Mug"}');
  expect(await millrace('config plan', { POSTGRES_URL })).toMatchObject({
    code: 0,
    output: expect.stringMatching(
      /\n= the schema \w+ has all that the records need\nNothing to do\.\n$/,
    ) as string,
  });

  await archive.postgres.query('ALTER TABLE users DROP COLUMN age');
  const json = JSON.parse((await millrace('config plan --json', { POSTGRES_URL })).output) as object;
  expect(json).toMatchObject({ postgres: { things: ['column users.age'], failed: [] } });
  await archive.postgres.query('ALTER TABLE users DROP COLUMN email, ADD COLUMN email integer[]');
  expect(await millrace('config plan', { POSTGRES_URL })).toMatchObject({
    code: 1,
    output: expect.stringMatching(
      /\nrecord user: .* which cannot take the records; .*\n {2}! public\.users\.email is integer\[\]/,
    ) as string,
  });
  await archive.postgres.query('DROP TABLE users'); // the next test finds nothing
}, 60_000);

test('a file of records alone needs no SQLite file; a daemon that answers makes the pass itself', async () => {
  await emptied(archive.postgres);
  const { work, POSTGRES_URL, REDIS_URL, millrace } = workIn('alone', '', `version: 1\n${records}`);
  const env = { POSTGRES_URL, DB_PATH: 'none.db' };
  expect(await millrace('config plan', env)).toMatchObject({ code: 3 });
  expect(await millrace('config plan')).toMatchObject({
    code: 1,
    output: expect.stringContaining('E_POSTGRES_URL') as string,
  });
  const config = loadConfig({
    ...{ REDIS_URL, POSTGRES_URL, HTTP_PORT: '0', MILLRACE_CONFIG: join(work, 'millrace.yaml') },
  });
  const stop = new AbortController();
  const log = keepLog();
  const running = runReloading({ config, reread: () => config, log, signal: stop.signal });
  try {
    await eventually(() => log.lines.some(({ fields }) => fields['event'] === 'pass.done'), {
      alive: running,
    });
    const applied = await millrace('config apply', env);
    expect(applied).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^Daemon .*: the mappings are as they were\n$/) as string,
    });
  } finally {
    stop.abort();
    await running;
  }
}, 60_000);
