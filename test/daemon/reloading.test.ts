import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { announceMappings } from '../../src/aliases/sink/rewrite-checkpoint';
import { installCapture } from '../../src/aliases/source/install-capture';
import { mappingSet, sourceOptions } from '../../src/aliases/source/source-options';
import { loadConfig } from '../../src/config/load';
import { RedisConnection } from '../../src/connections/redis';
import { firstPass } from '../support/cli';
import { eventually } from '../support/eventually';
import { card, product, stop, useShops } from './support/shop';

const { folder, redis, shopWith } = useShops();

test('a hang-up has the daemon read the file again: a document more, written meanwhile changes and all', async () => {
  const { db, write, daemon } = shopWith('hang-up', product);
  const running = daemon();
  await firstPass(running);
  write(product, card);
  // A writer goes on meanwhile.
  const rename = db.prepare('UPDATE categories SET name = ? WHERE id = 1');
  let last = '';
  const writing = setInterval(() => {
    rename.run((last = `tools ${Math.random()}`));
  }, 5);
  running.child.kill('SIGHUP');
  await eventually(async () => (await redis().exists('card:1', 'card:2', 'card:3')) === 3, {
    alive: running.ended,
  });
  clearInterval(writing);
  await eventually(
    async () => {
      expect(await redis().hgetall('card:2')).toEqual({ name: 'saw', category: last });
    },
    { alive: running.ended },
  );
  expect(await redis().ttl('card:2')).toBeGreaterThan(3_500);
  await stop(running);
}, 60_000);

test('`config apply` does it too and hears what daemons say; a wrong file changes nothing; one that is the same neither', async () => {
  const { db, write, daemon, millrace } = shopWith('apply', product);
  const running = daemon();
  await firstPass(running);
  expect(await millrace('config', 'apply')).toMatchObject({
    code: 0,
    output: expect.stringContaining('the mappings are as they were') as string,
  });
  write(product, card);
  expect(await millrace('config', 'apply')).toMatchObject({
    code: 0,
    output: expect.stringContaining('the mappings were read again') as string,
  });
  db.exec("UPDATE categories SET name = 'Toys' WHERE id = 2");
  await eventually(async () => (await redis().hget('card:3', 'category')) === 'Toys', {
    alive: running.ended,
  });

  write(product, card.replace('hash:', 'hsh:'));
  running.child.kill('SIGHUP');
  await eventually(() => running.output().includes('did you mean hash?'), { alive: running.ended });
  db.exec("UPDATE categories SET name = 'toys' WHERE id = 2");
  await eventually(async () => (await redis().hget('card:3', 'category')) === 'toys', {
    alive: running.ended,
  });
  await stop(running);
}, 60_000);

test('a document that is taken out leaves its keys, until it is forgotten by name', async () => {
  const { write, millrace } = shopWith('forget', product, card);
  await redis().hset('cards', 'of', 'somebody else');
  expect((await millrace('config', 'apply')).code).toBe(0);
  write(product);
  await redis().set('card:note', 'of somebody else');
  expect((await millrace('config', 'apply')).code).toBe(0);
  expect(await redis().exists('card:1', 'card:2', 'card:3')).toBe(3);
  expect((await millrace('config', 'plan')).output).toContain('config apply --forget card --delete-keys');

  expect(await millrace('config', 'apply', '--forget', 'crad')).toMatchObject({
    code: 1,
    output: expect.stringContaining('Did you mean card?') as string,
  });
  expect((await millrace('config', 'apply', '--forget', 'card', '--delete-keys')).code).toBe(0);
  expect((await redis().keys('[cp]*')).sort()).toEqual([
    ...['card:note', 'cards', 'product:1', 'product:2', 'product:3'],
  ]);
  expect((await millrace('config', 'plan')).output).not.toContain('card');
}, 60_000);

test('keys of a mapping that only has another name now are not deleted with the old name', async () => {
  const { write, millrace } = shopWith('renamed', product, card);
  expect((await millrace('config', 'apply')).code).toBe(0);
  write(product.replace('product:', 'goods:'), card);
  expect((await millrace('config', 'apply', '--forget', 'product', '--delete-keys')).code).toBe(0);
  expect((await redis().keys('product:*')).sort()).toEqual(['product:1', 'product:2', 'product:3']);
  write(product.replace('{id}', 'of:{id}'), card);
  expect((await millrace('config', 'apply', '--forget', 'goods', '--delete-keys')).code).toBe(0);
  expect((await redis().keys('product:*')).sort()).toEqual([1, 2, 3].map((id) => `product:of:${id}`));
}, 60_000);

test('a document of tables that are joined by a blob follows what it is joined to', async () => {
  const made = `made:
    key: "made:{id}"
    hash: [name]
    sql: SELECT g.id, m.name FROM goods g JOIN makers m ON m.id = g.maker WHERE g.id IN keys
    watch: { goods: id, makers: "SELECT id FROM goods WHERE maker IN keys" }`;
  const { db, daemon } = shopWith('blobs', made);
  db.exec(`CREATE TABLE makers (id BLOB PRIMARY KEY, name TEXT);
    CREATE TABLE goods (id INTEGER PRIMARY KEY, maker BLOB REFERENCES makers(id));
    CREATE INDEX goods_maker ON goods (maker);
    INSERT INTO makers VALUES (x'61', 'Smith'); INSERT INTO goods VALUES (1, x'61');`);
  const running = daemon();
  await firstPass(running);
  db.exec("UPDATE makers SET name = 'Jones'");
  await eventually(async () => (await redis().hget('made:1', 'name')) === 'Jones', {
    alive: running.ended,
  });
  db.exec("INSERT INTO makers VALUES (x'', 'Nobody'); UPDATE goods SET maker = x''");
  await eventually(async () => (await redis().hget('made:1', 'name')) === 'Nobody', {
    alive: running.ended,
  });
  expect(running.output().match(/Starting sync/g)).toHaveLength(1);
  // Of one that is too long to be logged a pass finds what it is joined to.
  db.exec("INSERT INTO makers VALUES (zeroblob(70000), 'Long'); UPDATE goods SET maker = zeroblob(70000)");
  await eventually(async () => (await redis().hget('made:1', 'name')) === 'Long', { alive: running.ended });
  db.exec("UPDATE makers SET name = 'Longer' WHERE length(id) = 70000");
  await eventually(async () => (await redis().hget('made:1', 'name')) === 'Longer', {
    alive: running.ended,
  });
  expect(running.output()).toMatch(/Starting sync of made/);
  await stop(running);
}, 60_000);

test('of two daemons with two files that of the older file is refused, whichever began first', async () => {
  const older = shopWith('older', product);
  const newer = shopWith('newer', card);
  const hourAgo = Date.now() / 1_000 - 3_600;
  utimesSync(older.file, hourAgo, hourAgo);
  const one = older.daemon();
  await firstPass(one);
  const two = newer.daemon({ DB_PATH: join(folder, 'older.db') });
  await firstPass(two);
  await eventually(() => one.output().includes('E_TWO_MAPPINGS'), { alive: one.ended });
  const again = older.daemon();
  await eventually(() => again.output().includes('serves this Redis with other mappings'), {
    alive: again.ended,
    within: 30_000,
  });
  older.db.exec("UPDATE products SET name = 'axe' WHERE id = 2");
  await eventually(async () => (await redis().hget('card:2', 'name')) === 'axe', { alive: two.ended });
  expect(await redis().get('product:2')).toBe('{"id":2,"name":"saw"}');
  for (const daemon of [one, two, again]) await stop(daemon);

  // Unless it is meant.
  expect((await older.millrace('config', 'apply')).code).toBe(0);
  expect(await redis().get('product:2')).toBe('{"id":2,"name":"axe"}');
}, 90_000);

test('a daemon that an apply has overtaken brings no triggers back that the apply has taken away, and makes no pass for want of them', async () => {
  const { db, write, file, settings, daemon } = shopWith('overtaken', product, card);
  const running = daemon();
  await firstPass(running);
  write(product);
  // All that such an apply does before its pass.
  const config = loadConfig({ ...settings, MILLRACE_CONFIG: file });
  const connection = new RedisConnection(config.redis, 'test');
  await connection.connect();
  const triggers = () =>
    db.prepare("SELECT count(*) FROM sqlite_master WHERE name LIKE 'millrace_t:categories%'").pluck().get();
  expect(triggers()).not.toBe(0);
  await announceMappings(connection, { ...mappingSet(config), since: Date.now() });
  const { path, mappings, aliasCase, documents = [] } = sourceOptions(config);
  installCapture(path, mappings, aliasCase, { documents, tidy: true });
  await eventually(() => running.output().includes('E_TWO_MAPPINGS'), { alive: running.ended });
  expect(triggers()).toBe(0);
  expect(running.output()).not.toMatch(/was mended|Starting sync[^]*Starting sync/);
  connection.close();
  await stop(running);

  // Nor at a start, with the file of before.
  write(product, card);
  const hourAgo = Date.now() / 1_000 - 3_600;
  utimesSync(file, hourAgo, hourAgo);
  const again = daemon();
  await eventually(() => again.output().includes('E_TWO_MAPPINGS'), { alive: again.ended, within: 30_000 });
  expect(triggers()).toBe(0);
  await stop(again);
}, 60_000);

test('an apply that was killed before it could ask leaves no daemon behind: it reads its file again by itself', async () => {
  const { db, write, file, settings, daemon } = shopWith('killed', product);
  const running = daemon();
  await firstPass(running);
  write(product, card);
  // All that such an apply has done.
  const config = loadConfig({ ...settings, MILLRACE_CONFIG: file });
  const connection = new RedisConnection(config.redis, 'test');
  await connection.connect();
  await announceMappings(connection, { ...mappingSet(config), since: Date.now() });
  connection.close();
  await eventually(async () => (await redis().exists('card:1', 'card:2', 'card:3')) === 3, {
    alive: running.ended,
  });
  db.exec("UPDATE categories SET name = 'Toys' WHERE id = 2");
  await eventually(async () => (await redis().hget('card:3', 'category')) === 'Toys', {
    alive: running.ended,
  });
  await stop(running);
}, 60_000);
