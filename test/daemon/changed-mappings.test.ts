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
