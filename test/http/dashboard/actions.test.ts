import { eventually } from '../../support/eventually';
import { browserTest, useBrowser } from './support/browser';
import { figure, model, refuseModels, shows, token, unlock, useScene } from './support/scene';

const open = useBrowser();
const scene = useScene();

const actions = ['Reconcile now', 'Pause…'];

browserTest(
  'without a token of the daemon’s nothing can be changed, and the page says how to switch that on',
  async () => {
    const daemon = await scene.startAnother({ MILLRACE_ONLY: 'aliases', MILLRACE_TOKEN: '' });
    const { page } = await open(daemon.url);
    await shows(page.locator('#aliases .badge'), 'In step');
    for (const name of actions) {
      for (const button of await page.getByRole('button', { name }).all())
        expect(await button.isDisabled()).toBe(true);
    }
    await page.getByRole('button', { name: 'Switch actions on' }).click();
    expect(await page.getByRole('dialog').textContent()).toMatch(/openssl rand -hex 24.*MILLRACE_TOKEN/s);
  },
);

browserTest(
  'a wrong token unlocks nothing and is told; the right one unlocks until it is locked again',
  async () => {
    const { page } = await open(scene.url);
    const pause = page.locator('#aliases').getByRole('button', { name: 'Pause…' });
    await unlock(page, 'not the token at all');
    await shows(page.getByRole('alert').first(), 'The token is wrong');
    expect(await pause.isDisabled()).toBe(true);
    await page.getByLabel('MILLRACE_TOKEN').fill(token);
    await page.keyboard.press('Enter');
    await eventually(() => pause.isEnabled());
    await page.reload();
    await eventually(() => pause.isEnabled());
    expect(await page.context().cookies()).toEqual([]);
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await eventually(() => pause.isDisabled());
  },
);

browserTest(
  'Pause really stops the applying, the page says so large, and Resume lets what waited arrive',
  async () => {
    const { page } = await open(scene.url);
    await unlock(page);
    const card = page.locator('#aliases');
    await card.getByRole('button', { name: 'Pause…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await shows(card.locator('.paused'), /Paused for .*by dashboard/s);
    await shows(page.locator('#overall'), 'Paused');
    scene.db.exec("INSERT INTO team_aliases VALUES (2, 'while paused')");
    await shows(figure(page, 'aliases', 'Lag'), /^1$/);
    expect(await scene.redis.client.get('alias:team:while paused')).toBeNull();
    await card.getByRole('button', { name: 'Resume' }).click();
    await eventually(async () =>
      expect(await scene.redis.client.get('alias:team:while paused')).toBe('["2"]'),
    );
    await shows(card.locator('.badge'), 'In step');
  },
);

browserTest('Reconcile now makes a full pass that mends what differs, and says what it found', async () => {
  const { page } = await open(scene.url);
  await unlock(page);
  await scene.redis.client.set('alias:team:first', 'spoilt');
  await page.locator('#aliases').getByRole('button', { name: 'Reconcile now' }).click();
  await shows(page.locator('#toast'), 'a full pass took');
  expect(await scene.redis.client.get('alias:team:first')).toBe('["1"]');
  await shows(page.locator('#aliases .facts'), '; 1 difference');
});

browserTest('Retry releases a parked record once its cause is gone', async () => {
  const letIn = await refuseModels(scene.postgres, 'refused');
  await scene.redis.client.hset('aidb:model:501', model('refused'));
  const { page } = await open(scene.url);
  await unlock(page);
  const row = page.locator('#letters tbody tr', { hasText: 'aidb:model:501' });
  await shows(row, '23514');
  await letIn();
  await row.getByRole('button', { name: 'Retry aidb:model:501' }).click();
  await eventually(async () =>
    expect(await scene.postgres.query("SELECT name FROM models WHERE name = 'refused'")).toHaveLength(1),
  );
  await eventually(async () => expect(await row.count()).toBe(0));
  await shows(page.locator('#letters'), 'Nothing is parked.');
});

describe('ten thousand parked records', () => {
  const parkMany = `INSERT INTO millrace.dead_letters (digest, kind, key, redis_key, code, message)
    SELECT md5('many' || n)::uuid, CASE WHEN n % 100 = 0 THEN 'run' ELSE 'model' END, 'aidb:model:' || n, '', 'E_ID', 'no number'
    FROM generate_series(1, 10000) n`;
  afterEach(() => scene.postgres.query("DELETE FROM millrace.dead_letters WHERE code = 'E_ID'"));

  browserTest(
    'are shown a page at a time, filtered, and retried together; the document stays small',
    async () => {
      await scene.postgres.query(parkMany);
      const { page } = await open(scene.url);
      await unlock(page);
      const range = page.locator('.pager .range');
      await shows(range, '1 to 50 of 10,000');
      expect(await page.locator('#letters tbody tr').count()).toBe(50);
      expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(2_500);
      await page.getByRole('button', { name: 'Later' }).click();
      await shows(range, '51 to 100 of 10,000');
      await page.getByRole('button', { name: 'Earlier' }).click();
      await shows(range, '1 to 50 of 10,000');
      await page.getByLabel('Kind', { exact: true }).selectOption('run');
      await shows(range, '1 to 50 of 100');
      await page.getByRole('button', { name: 'Retry all 100' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Retry all' }).click();
      await shows(page.locator('#toast'), '100 records will be tried again');
    },
  );
});
