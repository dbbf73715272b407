import { readFileSync } from 'node:fs';
import { eventually } from '../../support/eventually';
import { browserTest, type OpenPage, useBrowser } from './support/browser';
import { figure, model, shows, token, unlock, useScene } from './support/scene';

const markup = '<img src=x onerror=window.__xss=1>';
const open = useBrowser();
/** A table of this name is made during a test, and is an incident then. */
const scene = useScene({
  ALIAS_TABLES: `team=team_aliases;hostile=${markup}(team_id,alias)`,
});

/** Parks a model whose creation time is no time, and is quoted in the reason. */
const park = (id: string, created: string) =>
  scene.redis.client.hset(`aidb:model:${id}`, { ...model(`parked ${id}`), created_at: created });

const letter = ({ page }: OpenPage, key: string) => page.locator('#letters tbody tr', { hasText: key });

browserTest('a change shows within a second or two, without a reload', async () => {
  const { page } = await open(scene.url);
  const applied = figure(page, 'aliases', 'Written');
  await shows(applied, /^\d/);
  const before = Number(await applied.textContent());
  scene.db.exec("INSERT INTO team_aliases VALUES (3, 'live 1'), (3, 'live 2'), (3, 'live 3')");
  await shows(applied, new RegExp(`^${before + 3}$`));
  await scene.redis.client.hset('aidb:model:11', model('live'));
  await shows(figure(page, 'archive', 'Written'), /^[1-9]/);
  expect(await page.evaluate('performance.getEntriesByType("navigation")[0].type')).toBe('navigate');
});

browserTest(
  'the way of the changes, passes, lengths, owner and charts of both pipelines are there',
  async () => {
    const { page } = await open(scene.url);
    const way = (name: string) => page.locator(`#${name} svg.flow`);
    await shows(way('aliases'), /SQLite.*sports\.db.*Changelog.*rows?.*Redis/s);
    await shows(way('archive'), /Redis.*Stream.*entr.*PostgreSQL/s);
    await shows(page.locator('#aliases .facts'), /Last full pass.*took.*Next full pass.*in 5\d min/s);
    await shows(page.locator('#archive .facts'), /Owner.*this daemon.*Mirror.*listening/s);
    await shows(page.locator('#archive .chart').first(), /Lag.*now/s);
    expect(await page.locator('.chart canvas').count()).toBe(4);
  },
);

browserTest('nothing is asked of any other host, and the browser has nothing to complain about', async () => {
  const { page, requests, complaints } = await open(scene.url);
  await shows(page.locator('#connection'), 'Live');
  await shows(page.locator('#letters'), /parked/i);
  expect(requests.length).toBeGreaterThan(15);
  expect([...new Set(requests.map((url) => new URL(url).origin))]).toEqual([scene.url]);
  expect(complaints).toEqual([]);
});

browserTest('markup in keys, reasons, table names and incidents stays text', async () => {
  await park(markup, '<script>window.__xss=1</script>');
  scene.db.exec(`CREATE TABLE "${markup}" (team_id, alias)`);
  const opened = await open(scene.url);
  const { page, complaints } = opened;
  await shows(letter(opened, markup), '<script>window.__xss=1</script>');
  const byType = page.locator('#aliases details', { hasText: 'By type' });
  await byType.locator('summary').click();
  await shows(byType, markup);
  scene.db.exec(`DROP TABLE "${markup}"`);
  await shows(page.locator('#incidents'), markup);
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.evaluate('window.__xss')).toBeUndefined();
  expect(complaints).toEqual([]);
});

browserTest('a script that got into the page all the same would not run', async () => {
  const { page, complaints } = await open(scene.url);
  await shows(page.locator('#connection'), 'Live');
  const attempts = [
    `document.body.innerHTML = ${JSON.stringify(markup)}`,
    `{ const script = document.createElement('script'); script.append('window.__xss = 1'); document.body.append(script); }`,
    `{ const image = document.createElement('img'); image.setAttribute('onerror', 'window.__xss = 1'); image.src = 'x'; document.body.append(image); }`,
  ];
  for (const attempt of attempts) await page.evaluate(`try { ${attempt} } catch {}`);
  await eventually(() => expect(complaints.join('\n')).toMatch(/TrustedHTML.*TrustedScript/s));
  expect(await page.evaluate('window.__xss')).toBeUndefined();
});

browserTest('Persian text reads right to left, and does not turn an English sentence around', async () => {
  await park('فارسی', 'دیروز عصر');
  const opened = await open(scene.url);
  const row = letter(opened, 'فارسی');
  await shows(row, '"دیروز عصر" is not a time');
  const direction = (selector: string, text: string) =>
    row
      .locator(selector, { hasText: text })
      .last()
      .evaluate((node) => (globalThis as unknown as Global).getComputedStyle(node).direction);
  expect(await direction('bdi', 'دیروز عصر')).toBe('rtl');
  expect(await direction('p', 'is not a time')).toBe('ltr');
});

browserTest('by keyboard alone: unlock, open and leave the dialog by Esc, pause and resume', async () => {
  const { page } = await open(scene.url);
  await shows(page.locator('#aliases .badge'), 'In step');
  const reach = async (name: string) => {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      if ((await focused.count()) === 1 && (await focused.textContent()) === name) return;
    }
    throw new Error(`no Tab leads to ${name}`);
  };
  await reach('Unlock actions…');
  await page.keyboard.press('Enter');
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
  await shows(page.locator('#access'), 'Actions unlocked');
  await reach('Pause…');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await eventually(async () => expect(await page.getByRole('dialog').count()).toBe(0));
  expect(await page.locator(':focus').textContent()).toBe('Pause…');
  expect(await page.locator('#aliases .paused').isVisible()).toBe(false);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Enter');
  await shows(page.locator('#aliases .badge'), 'Paused');
  await eventually(async () => expect(await page.locator(':focus').textContent()).toBe('Resume'));
  await page.keyboard.press('Enter');
  await shows(page.locator('#aliases .badge'), 'In step');
});

browserTest('two dashboards at once: what one does, the other shows', async () => {
  const one = (await open(scene.url)).page;
  const other = (await open(scene.url)).page;
  await unlock(one);
  await one.locator('#archive').getByRole('button', { name: 'Pause…' }).click();
  await one.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
  await shows(other.locator('#archive .paused'), 'Paused for');
  expect(await other.locator('#archive').getByRole('button', { name: 'Resume' }).isDisabled()).toBe(true);
  await one.locator('#archive').getByRole('button', { name: 'Resume' }).click();
  await shows(other.locator('#archive .badge'), 'In step');
});

browserTest('a daemon that stands by says so, and who owns the stream', async () => {
  const standby = await scene.startAnother();
  const { page } = await open(standby.url);
  await shows(page.locator('#archive .badge'), 'Standing by');
  await shows(page.locator('#archive .facts'), /Owner.*this daemon stands by/s);
  await shows(page.locator('#overall'), 'In order');
});

interface Global {
  readonly getComputedStyle: (node: unknown) => { readonly direction: string };
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

browserTest(
  'everybody can use it, light or dark, wide or narrow, and nothing is wider than the screen',
  async () => {
    await park('9001', 'a very-long-word-'.repeat(30));
    // axe makes styles and markup of its own.
    const opened = await open(scene.url, { bypassCSP: true });
    const { page } = opened;
    await unlock(page);
    await letter(opened, '9001').waitFor();
    await page.locator('#aliases summary').click();
    await page.evaluate(axe);
    for (const width of [1_280, 360])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        await eventually(async () =>
          expect({
            width,
            over: await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
          }).toEqual({ width, over: 0 }),
        );
        const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
        expect(background).toBe(colorScheme === 'dark' ? 'rgb(15, 21, 20)' : 'rgb(243, 245, 244)');
        const { violations } = await page.evaluate<{ violations: Finding[] }>('axe.run()');
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect([
          width,
          colorScheme,
          ...serious.map(({ id, nodes }) => [
            id,
            nodes.map(({ html, failureSummary }) => [html, failureSummary]),
          ]),
        ]).toEqual([width, colorScheme]);
      }
  },
  60_000,
);
