import { card, product, useShops } from './support/shop';

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
