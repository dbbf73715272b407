import { type AliasCheckpoint, checkpointKey } from '../../src/aliases/sink/checkpoint';
import { Changelog } from '../../src/aliases/source/changelog';
import { firstPass } from '../support/cli';
import { eventually } from '../support/eventually';
import { card, product, stop, useShops } from './support/shop';

const { redis, shopWith } = useShops();

test('a plan tells each key that would go once, and as many as apply deletes', async () => {
  const { millrace } = shopWith('once', product, card);
  await redis().hset('card:abc', 'a', '1');
  const { output } = await millrace('config', 'plan');
  expect(output).toContain('+  card  card:{id}  new: 3 keys, 3 to add, 1 to delete; 1 key of them holds');
  expect(output.match(/- card:abc/g)).toHaveLength(1);
  expect((await millrace('reconcile', '--dry-run', '--force')).output.match(/- card:abc/g)).toHaveLength(1);
  const applied = await millrace('config', 'apply', '--yes', 'card', '--json');
  const deleted = applied.output.match(/"deleted":[1-9]\d*/g);
  expect(deleted).toEqual(['"deleted":1', '"deleted":1']); // in all, and of card
}, 60_000);

test('a document with another prefix leaves its keys: a plan names them, and they can be deleted', async () => {
  const { write, millrace } = shopWith('moved', product, card);
  expect((await millrace('config', 'apply')).code).toBe(0);
  write(product.replace('product:{id}', 'prod:{id}'), card);
  const left = 'product@product:  product:*  taken out: its keys stay as they are';
  expect((await millrace('config', 'plan')).output).toContain(left);
  expect((await millrace('config', 'apply')).code).toBe(0);
  expect((await millrace('config', 'plan')).output).toContain(left);
  expect((await redis().keys('prod*')).sort()).toEqual(
    ['prod:', 'product:'].flatMap((prefix) => [1, 2, 3].map((id) => `${prefix}${id}`)),
  );

  const forgets = await millrace('config', 'apply', '--forget', 'product@product:', '--delete-keys');
  expect(forgets).toMatchObject({
    code: 0,
    output: expect.stringContaining('product@product: is forgotten, with 3 keys product:*') as string,
  });
  expect((await redis().keys('prod*')).sort()).toEqual(['prod:1', 'prod:2', 'prod:3']);
  expect((await millrace('config', 'plan')).output).not.toContain('taken out');
}, 60_000);

test('a prefix that a document has moved away from and come back to is its own, and cannot be forgotten', async () => {
  const { write, millrace } = shopWith('back', product);
  for (const now of [product, product.replace('product:{id}', 'prod:{id}'), product]) {
    write(now);
    expect((await millrace('config', 'apply', '--yes', 'product')).code).toBe(0);
  }
  const { output } = await millrace('config', 'plan');
  expect(output).toContain('product@prod:');
  expect(output).not.toContain('product@product:');
  expect(await millrace('config', 'apply', '--forget', 'product@product:', '--delete-keys')).toMatchObject({
    code: 1,
    output: expect.stringContaining('Did you mean product@prod:?') as string,
  });
  expect(await redis().keys('product:*')).toHaveLength(3);
}, 60_000);

const incidents = /does not go on|was mended|WARN/;

test('a change of the mappings is no incident, and no stop: not at a hang-up, nor at a start', async () => {
  const { write, daemon } = shopWith('quiet', product);
  const running = daemon();
  await firstPass(running);
  write(product, card);
  running.child.kill('SIGHUP');
  await eventually(async () => (await redis().exists('card:1')) === 1, { alive: running.ended });
  expect(running.output()).not.toContain('stopped by user');
  await stop(running);
  expect(running.output().match(/stopped by user/g)).toHaveLength(1);
  expect(running.output()).not.toMatch(incidents);

  write(card);
  const another = daemon();
  await firstPass(another);
  await stop(another);
  expect(another.output()).not.toMatch(incidents);
}, 60_000);

test('a daemon that refuses a file says that its mappings stay, in lines that can be read', async () => {
  const { write, daemon } = shopWith('refused', product);
  const running = daemon();
  await firstPass(running);
  write(product, card.replace('hash:', 'hsh:').replace('ttl:', 'tll:'));
  running.child.kill('SIGHUP');
  await eventually(() => running.output().includes('did you mean ttl?'), { alive: running.ended });
  await stop(running);
  expect(running.output()).toMatch(/ERROR the mappings in force stay: .*\n(?: {4}.*\n)+/);
  expect(running.output()).not.toContain(String.raw`\n`);
}, 60_000);

test('`config apply` of a change is no incident, neither its own nor of a daemon that runs', async () => {
  const { write, daemon, millrace } = shopWith('applied', product);
  const running = daemon();
  await firstPass(running);
  write(product, card);
  const applied = await millrace('config', 'apply');
  expect(applied.code).toBe(0);
  expect(applied.output).not.toMatch(incidents);
  await stop(running);
  expect(running.output()).not.toMatch(/does not go on|was mended/);
}, 60_000);

test('what went unseen of a document that is not all written yet, an apply takes for a loss, and not for a change of the mappings', async () => {
  const { db, write, millrace } = shopWith('unwritten', product);
  expect((await millrace('config', 'apply')).code).toBe(0);
  // As a pass leaves it that is broken off.
  const kept = JSON.parse((await redis().get(checkpointKey)) ?? '') as AliasCheckpoint;
  const mapping = kept.mappings?.['product'];
  if (mapping === undefined) throw new Error('it is not introduced');
  const position = new Changelog(db, 'preserve').head();
  const begun = { product: { ...mapping, hash: `~${mapping.hash}` } };
  await redis().set(checkpointKey, JSON.stringify({ ...kept, position, mappings: begun }));
  db.exec('DROP TRIGGER "millrace_t:products_after_update"');
  write(product, card);
  const plan = await millrace('config', 'plan');
  expect(plan.output).toContain('~  product  product:{id}  not all written yet: 3 keys');
  expect((await millrace('config', 'apply')).code).toBe(0);
  const now = JSON.parse((await redis().get(checkpointKey)) ?? '') as AliasCheckpoint;
  expect(now.incarnation).not.toBe(kept.incarnation);
}, 60_000);
