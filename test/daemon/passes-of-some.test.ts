import Database from 'better-sqlite3';
import { join } from 'node:path';
import { type CliRun, firstPass } from '../support/cli';
import { eventually } from '../support/eventually';
import { card, product, stop, useShops } from './support/shop';

/** A reload passes over the keys of those mappings that are others now; all else goes on where it stood. */
const { folder, redis, shopWith } = useShops();

/** Which passes a daemon began since its first one; of all: '*'. */
const passes = (running: CliRun): readonly string[] =>
  [...running.output().matchAll(/Starting sync(?: of (.*))?\.\.\./g)].map(([, of]) => of ?? '*').slice(1);

const reloaded = async (running: CliRun, times: number) => {
  running.child.kill('SIGHUP');
  await eventually(() => running.output().split('the daemon begins anew with them').length === times + 1, {
    alive: running.ended,
  });
};

/** A change that has travelled. */
const travelled = async (db: Database.Database, running: CliRun) => {
  const name = `saw ${Math.random()}`;
  db.prepare('UPDATE products SET name = ? WHERE id = 2').run(name);
  await eventually(async () => (await redis().get('product:2'))?.includes(name) === true, {
    alive: running.ended,
  });
};

const quiet = /does not go on|was mended|WARN|went backwards|started over/;

test('a document that is new gets a pass of its own, though its tables were not watched before; so does one that is changed', async () => {
  const { db, write, daemon } = shopWith('own', product);
  const running = daemon();
  await firstPass(running);
  // What no change tells of: a pass of all would find it.
  await redis().set('product:1', 'of somebody else');

  write(product, card);
  await reloaded(running, 1);
  await eventually(async () => (await redis().exists('card:1', 'card:2', 'card:3')) === 3, {
    alive: running.ended,
  });
  await travelled(db, running);
  expect(await redis().hget('card:2', 'name')).toContain('saw');

  write(product, card.replace('hash: [name, category]', 'hash: [name]'));
  await reloaded(running, 2);
  await eventually(async () => (await redis().hexists('card:1', 'category')) === 0, { alive: running.ended });
  await travelled(db, running);

  write(
    product,
    card.replace('[name, category]', '[name]').replace('p.id IN keys', "p.id IN keys AND c.name <> 'toys'"),
  );
  await reloaded(running, 3);
  await eventually(async () => (await redis().exists('card:3')) === 0, { alive: running.ended });
  db.exec("UPDATE categories SET name = 'Toys' WHERE id = 2");
  await eventually(async () => (await redis().exists('card:3')) === 1, { alive: running.ended });

  write(product);
  await reloaded(running, 4);
  await travelled(db, running);
  expect(await redis().get('product:1')).toBe('of somebody else');
  expect(passes(running)).toEqual(['card', 'card', 'card']);
  await stop(running);
  expect(running.output()).not.toMatch(quiet);
}, 90_000);

test('writers that go on meanwhile lose nothing, whether what they change is of a new document or of one that is as it was', async () => {
  const { db, write, daemon } = shopWith('writers', product);
  db.exec(
    'WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO products SELECT i, i, 1 FROM n',
  );
  const running = daemon();
  await firstPass(running);
  const other = new Database(join(folder, 'writers.db'), { timeout: 5_000 });
  const rename = other.prepare('UPDATE products SET name = ? WHERE id = ?');
  const move = other.prepare('UPDATE products SET category_id = 3 - category_id WHERE id = ?');
  const category = other.prepare('UPDATE categories SET name = ? WHERE id = 2');
  let at = 0;
  const writing = setInterval(() => {
    for (let n = 0; n < 5; n++) {
      rename.run(`name ${at}`, 10 + (at++ % 2_990));
      move.run(10 + ((at * 7) % 2_990));
    }
    category.run(`toys ${at}`);
  }, 3);
  const forms = [
    [product, card],
    [product],
    [product, card],
    [product, card.replace('[name, category]', '[category]')],
  ];
  for (const [times, documents] of forms.entries()) {
    write(...documents);
    await reloaded(running, times + 1);
    if (documents.length > 1)
      await eventually(async () => (await redis().exists('card:2500')) === 1, { alive: running.ended });
  }
  clearInterval(writing);
  const expected = other
    .prepare(
      'SELECT p.id, p.name, c.name AS category FROM products p JOIN categories c ON c.id = p.category_id',
    )
    .all() as readonly { readonly id: number; readonly name: string; readonly category: string }[];
  await eventually(
    async () => {
      for (const { id, name, category } of expected) {
        expect(await redis().get(`product:${id}`)).toBe(JSON.stringify({ id, name }));
        expect({ id, ...(await redis().hgetall(`card:${id}`)) }).toEqual({ id, category });
      }
    },
    { alive: running.ended, within: 30_000 },
  );
  other.close();
  expect(new Set(passes(running))).toEqual(new Set(['card']));
  await stop(running);
  expect(running.output()).not.toMatch(quiet);
}, 90_000);

test('a reload in the middle of the first pass begins that anew; triggers that were dropped meanwhile call for a pass of all', async () => {
  const { db, write, daemon } = shopWith('doubt', product);
  db.exec(
    'WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO products SELECT i, i, 1 FROM n',
  );
  const running = daemon();
  await eventually(() => running.output().includes('Starting sync'), { alive: running.ended });
  write(product, card);
  await reloaded(running, 1);
  await eventually(() => running.output().includes('Sync complete'), {
    alive: running.ended,
    within: 30_000,
  });
  expect(await redis().exists('card:200000', 'product:200000')).toBe(2);

  // Between the two daemons, as it were: in the same moment.
  write(product);
  db.exec('DROP TRIGGER "millrace_t:products_after_update"; UPDATE products SET name = 3 WHERE id = 3');
  await reloaded(running, 2);
  await eventually(async () => (await redis().get('product:3')) === '{"id":3,"name":"3"}', {
    alive: running.ended,
  });
  expect(passes(running).every((of) => of === '*')).toBe(true);
  await stop(running);
}, 90_000);

test('after `config apply`, too, a daemon that runs passes over what is new alone, and what the apply has not seen has gone to nobody', async () => {
  const { db, write, daemon, millrace } = shopWith('apply', product);
  const running = daemon();
  await firstPass(running);
  write(product, card);
  const rename = db.prepare('UPDATE products SET name = ? WHERE id = 3');
  let last = '';
  const writing = setInterval(() => {
    rename.run((last = `ball ${Math.random()}`));
  }, 5);
  // A daemon that was overtaken for some seconds has read the file by itself.
  expect(await millrace('config', 'apply')).toMatchObject({
    code: 0,
    output: expect.stringMatching(/the mappings (were read again|are as they were)/) as string,
  });
  clearInterval(writing);
  await eventually(
    async () => {
      expect(await redis().get('product:3')).toBe(JSON.stringify({ id: 3, name: last }));
      expect(await redis().hget('card:3', 'name')).toBe(last);
    },
    { alive: running.ended },
  );
  await eventually(() => passes(running).length > 0, { alive: running.ended });
  await travelled(db, running);
  expect(passes(running)).toEqual(['card']);
  await stop(running);
  expect(running.output()).not.toMatch(/does not go on|was mended|went backwards|started over/);
}, 90_000);
