import Database from 'better-sqlite3';
import { join } from 'node:path';
import { firstPass } from '../support/cli';
import { eventually } from '../support/eventually';
import { product, stop, useShops } from './support/shop';

const { folder, redis, shopWith } = useShops();

test('two documents that swap their prefixes wait until both are named, and then each has its own keys', async () => {
  const first = 'one: { from: products, key: "one:{id}", json: [id, name] }';
  const second = 'two: { from: categories, key: "two:{id}", json: [id, name] }';
  const swapped = [first.replace('"one:', '"two:'), second.replace('"two:', '"one:')];
  const { db, write, daemon, millrace } = shopWith('swap', first, second);
  const running = daemon();
  await firstPass(running);
  expect((await redis().keys('*:*')).filter((key) => !key.startsWith('millrace'))).toHaveLength(5);

  write(...swapped);
  expect(await millrace('config', 'apply')).toMatchObject({ code: 1 });
  expect(await redis().get('one:1')).toBe('{"id":1,"name":"hammer"}');
  expect(await redis().get('two:1')).toBe('{"id":1,"name":"tools"}');
  expect(await millrace('config', 'apply', '--yes', 'one', 'two')).toMatchObject({ code: 0 });
  const inStep = async () => {
    expect((await redis().keys('one:*')).sort()).toEqual(['one:1', 'one:2']);
    expect((await redis().keys('two:*')).sort()).toEqual(['two:1', 'two:2', 'two:3']);
    expect(await redis().get('two:1')).toBe('{"id":1,"name":"hammer"}');
    expect(await redis().get('one:1')).toBe('{"id":1,"name":"tools"}');
  };
  await inStep();
  const plan = await millrace('config', 'plan');
  expect(plan.output).not.toContain('taken out');
  expect(plan.code).toBe(0);
  db.exec("UPDATE products SET name = 'axe' WHERE id = 3; UPDATE categories SET name = 'games' WHERE id = 2");
  await eventually(
    async () => {
      expect(await redis().get('two:3')).toBe('{"id":3,"name":"axe"}');
      expect(await redis().get('one:2')).toBe('{"id":2,"name":"games"}');
    },
    { alive: running.ended },
  );
  await stop(running);
}, 90_000);

test('whoever writes to the file from another one that has it attached, or beside temporary tables and triggers, is followed', async () => {
  const { daemon } = shopWith('attached', product);
  const running = daemon();
  await firstPass(running);
  const writer = new Database(join(folder, 'another.db'));
  writer.exec(`ATTACH '${join(folder, 'attached.db')}' AS shop;
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO products VALUES (7, 'of another file');
    CREATE TABLE millrace_changelog (type, alias);
    CREATE TEMP TABLE millrace_changelog (type, alias);
    UPDATE shop.products SET name = 'axe' WHERE id = 1;
    INSERT INTO shop.products VALUES (4, 'nail', 1)`);
  writer.close();
  const other = new Database(join(folder, 'attached.db'));
  other.exec(`CREATE TEMP TABLE products AS SELECT * FROM main.products; CREATE TEMP TABLE millrace_changelog (type, alias);
    CREATE TEMP TRIGGER noted AFTER UPDATE ON main.categories BEGIN UPDATE products SET name = 'shadow'; END;
    CREATE TEMP TRIGGER more AFTER UPDATE ON main.categories BEGIN INSERT INTO main.products VALUES (5, NEW.name, 1); END;
    UPDATE products SET name = 'nowhere' WHERE id = 2;
    UPDATE main.products SET name = 'pliers' WHERE id = 3;
    UPDATE main.categories SET name = 'odd' WHERE id = 1`);
  other.close();
  await eventually(
    async () => {
      expect(await Promise.all([1, 2, 3, 4, 5, 7].map((id) => redis().get(`product:${id}`)))).toEqual([
        '{"id":1,"name":"axe"}',
        '{"id":2,"name":"saw"}',
        '{"id":3,"name":"pliers"}',
        '{"id":4,"name":"nail"}',
        '{"id":5,"name":"odd"}',
        null,
      ]);
    },
    { alive: running.ended },
  );
  await stop(running);
}, 90_000);

test('tables of 1,500 columns and values of a megabyte travel whole', async () => {
  const columns = Array.from({ length: 1_500 }, (_, at) => `c${at}`);
  const listed = columns.join(', ');
  const { db, daemon } = shopWith(
    'wide',
    `wide: { from: wide, key: "wide:{id}", json: [id, ${listed}] }`,
    `fields: { from: wide, key: "fields:{id}", hash: [${listed}] }`,
    'long: { from: products, key: "long:{id}", string: name }',
    `joined:
    key: "joined:{id}"
    json: [names]
    sql: SELECT c.id, json_group_array(p.name) AS names FROM categories c JOIN products p ON p.category_id = c.id WHERE c.id IN keys GROUP BY c.id
    watch: { categories: id, products: category_id }`,
  );
  db.exec(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${listed})`);
  db.exec(`INSERT INTO wide VALUES (1, ${columns.map((_, at) => at).join(', ')})`);
  const running = daemon();
  await firstPass(running);
  const megabyte = 'é'.repeat(500_000);
  db.exec("UPDATE wide SET c1499 = 'last'");
  db.prepare('UPDATE products SET name = ?').run(megabyte);
  await eventually(
    async () => {
      const wide = JSON.parse((await redis().get('wide:1')) ?? '{}') as Record<string, unknown>;
      expect([Object.keys(wide).length, wide['c1498'], wide['c1499']]).toEqual([1_501, 1_498, 'last']);
      expect(await redis().hlen('fields:1')).toBe(1_500);
      expect(await redis().hget('fields:1', 'c1499')).toBe('last');
      expect(await redis().get('long:2')).toBe(megabyte);
      const { names } = JSON.parse((await redis().get('joined:1')) ?? '{}') as { readonly names?: string };
      expect((JSON.parse(names ?? '[]') as readonly string[]).map((name) => name.length)).toEqual([
        500_000, 500_000,
      ]);
    },
    { alive: running.ended },
  );
  await stop(running);
}, 90_000);
