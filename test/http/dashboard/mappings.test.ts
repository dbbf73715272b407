import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { eventually } from '../../support/eventually';
import { browserTest, useBrowser } from './support/browser';
import { model, shows, useScene } from './support/scene';

const markup = '<img src=x onerror=window.__xss=1>';
const open = useBrowser();
const scene = useScene();

const linkTo = (page: Page, name: string) =>
  page.locator('nav.mappings a', { hasText: new RegExp(`^${name}$`) });
const title = (page: Page) => page.locator('#mapping-title');

browserTest(
  'each pipeline lists its mappings; a link leads to the page of one, with both sides of a few keys',
  async () => {
    const { page, complaints } = await open(scene.url);
    const aliases = page.getByRole('navigation', { name: 'Mappings' }).first();
    await shows(aliases, /team.*2 keys.*player.*league.*market/s);
    await shows(page.locator('#archive nav.mappings'), /model.*prediction/s);
    await linkTo(page, 'team').click();
    await shows(title(page), /^team$/);
    await shows(page.locator('#mapping .way'), 'Alias table, SQLite to Redis');
    await shows(page.locator('#mapping .words'), /from: team_aliases.*key: alias:team:\{alias\}/s);
    await shows(page.locator('#mapping .sample'), /alias:team:first\["1"\]\["1"\]equal/);
    expect(await page.locator('#overview').isVisible()).toBe(false);
    expect(await page.title()).toBe('team – Millrace');
    await scene.redis.client.set('alias:team:first', '["9"]');
    await page.getByRole('button', { name: 'Look again' }).click();
    await shows(page.locator('#mapping .sample'), /alias:team:first\["1"\]\["9"\]different/);
    await scene.redis.client.set('alias:team:first', '["1"]');
    expect(complaints).toEqual([]);
  },
);

browserTest(
  'the page has an address: a reload keeps it, the way back leads to the list, and an unknown name is told',
  async () => {
    const { page } = await open(`${scene.url}/#/mappings/model`);
    await shows(title(page), 'model');
    await page.reload();
    await shows(page.locator('#mapping .facts'), /aidb:model:\{id\}.*models/s);
    await page.getByRole('link', { name: 'All mappings' }).click();
    await eventually(() => page.locator('#overview').isVisible());
    expect(await page.locator('#mapping').isVisible()).toBe(false);
    await page.goto(`${scene.url}/#/mappings/modl`);
    await shows(page.locator('#mapping .problem'), /there is no mapping "modl".*The nearest is model/);
  },
);

browserTest('by keyboard alone: into a page and back, the focus where it is wanted', async () => {
  const { page } = await open(scene.url);
  const link = linkTo(page, 'league');
  await link.focus();
  await page.keyboard.press('Enter');
  await shows(title(page), /^league$/);
  await eventually(async () => expect(await page.locator(':focus').getAttribute('id')).toBe('mapping-title'));
  await page.goBack();
  await eventually(async () => expect(await page.locator(':focus').textContent()).toBe('league'));
});

browserTest('what Redis holds stays text, and parked records are one link away', async () => {
  await scene.redis.client.hset('aidb:model:77', model(markup));
  await scene.redis.client.hset('aidb:model:78', { ...model('odd'), created_at: 'never' });
  const { page, complaints } = await open(`${scene.url}/#/mappings/model`);
  await eventually(async () => {
    await page.getByRole('button', { name: 'Look again' }).click();
    await shows(page.locator('#mapping .sample'), markup);
    await shows(page.locator('#mapping'), /1 parked record: /);
  });
  expect(await page.locator('main img').count()).toBe(0);
  expect(await page.evaluate('window.__xss')).toBeUndefined();
  await page.getByRole('link', { name: '1 parked record' }).click();
  await shows(page.locator('#letters tbody'), 'aidb:model:78');
  expect(await page.getByLabel('Kind', { exact: true }).inputValue()).toBe('model');
  expect(complaints).toEqual([]);
});

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string;
}

browserTest(
  'everybody can use the page of a mapping, and nothing is wider than the screen',
  async () => {
    await scene.redis.client.hset('aidb:model:79', model('a-very-long-word-'.repeat(30)));
    const { page } = await open(`${scene.url}/#/mappings/model`, { bypassCSP: true });
    await shows(page.locator('#mapping .sample'), 'aidb:model');
    await page.evaluate(axe);
    for (const width of [1_280, 360]) {
      await page.setViewportSize({ width, height: 800 });
      const over = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
      await eventually(async () => expect({ width, over: await over() }).toEqual({ width, over: 0 }));
      const { violations } = await page.evaluate<{ violations: Finding[] }>('axe.run()');
      expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    }
  },
  60_000,
);
