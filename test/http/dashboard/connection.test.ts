import type { Page } from 'playwright-core';
import type { Sample } from '../../../src/http/history';
import { faultProxy, through } from '../../archive/support/fault-proxy';
import { eventually } from '../../support/eventually';
import { browserTest, useBrowser } from './support/browser';
import { model, shows, useScene } from './support/scene';

const open = useBrowser();
const scene = useScene({ MILLRACE_ONLY: 'aliases' });

const asked = (requests: readonly string[], path: string) =>
  requests.filter((url) => new URL(url).pathname === path).length;

const hide = (page: Page, hidden: boolean) =>
  page.evaluate(
    `Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${hidden} }); document.dispatchEvent(new Event('visibilitychange'))`,
  );

browserTest('a pipeline that the daemon does not run is said to be so', async () => {
  const { page } = await open(scene.url);
  await shows(page.locator('#archive'), 'This daemon does not run archive');
  expect(await page.locator('#letters').isVisible()).toBe(false);
});

browserTest(
  'a daemon that stops and starts again: the page tells how old it is, and recovers by itself',
  async () => {
    const first = await scene.startAnother();
    const { page } = await open(first.url);
    await shows(page.locator('#connection'), 'Live');
    await first.stop();
    await shows(page.locator('#connection'), /Connection lost, trying again. This is \d+ s old/);
    await scene.startAnother({ HTTP_PORT: new URL(first.url).port });
    await shows(page.locator('#connection'), 'Live');
    scene.db.exec("INSERT INTO team_aliases VALUES (4, 'after the restart')");
    const rows = scene.db.prepare('SELECT count(*) FROM millrace_changelog').pluck().get() as number;
    await shows(page.locator('#aliases .facts'), `Changelog${rows} row`);
  },
);

browserTest(
  'a store that is gone is told large, with what to do, and no longer once it is back',
  async () => {
    const { page } = await open(scene.url);
    await shows(page.locator('#overall'), 'In order');
    scene.redis.server.kill('SIGSTOP');
    try {
      await shows(page.locator('#troubles'), /E_REDIS_UNREACHABLE.*Redis server is running/s);
      await shows(page.locator('#overall'), '1 trouble');
      await shows(page.locator('#aliases .badge'), 'Failing, trying again');
    } finally {
      scene.redis.server.kill('SIGCONT');
    }
    await shows(page.locator('#overall'), 'In order');
    expect(await page.locator('#troubles').isVisible()).toBe(false);
  },
);

browserTest('an open dashboard does not hold up the stop of the daemon', async () => {
  const daemon = await scene.startAnother();
  const { page } = await open(daemon.url);
  await shows(page.locator('#connection'), 'Live');
  const before = Date.now();
  await daemon.stop();
  expect(Date.now() - before).toBeLessThan(2_000);
});

browserTest(
  'a browser that slept for an hour asks for what it missed, and is no larger than before',
  async () => {
    const { page, requests } = await open('about:blank');
    await page.clock.install();
    await page.goto(scene.url);
    await shows(page.locator('#connection'), 'Live');
    // The page is whole once its mappings are there, for which it asks after the first state.
    await shows(page.locator('#aliases .mappings ul'), 'team');
    const size = () => page.evaluate<number>('document.querySelectorAll("*").length');
    const [nodes, histories] = [await size(), asked(requests, '/api/history')];
    await page.clock.fastForward('01:00:00');
    await eventually(() => expect(asked(requests, '/api/history')).toBeGreaterThan(histories));
    await shows(page.locator('#connection'), 'Live');
    expect(await size()).toBeLessThan(nodes + 10);
  },
);

browserTest(
  'a page that nobody sees lets go of the daemon, and is up to date as soon as it is seen',
  async () => {
    const { page, requests } = await open(scene.url);
    await shows(page.locator('#connection'), 'Live');
    const gone = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/api/live'));
    await hide(page, true);
    await gone;
    const before = asked(requests, '/api/live');
    scene.db.exec("INSERT INTO team_aliases VALUES (5, 'unseen')");
    await hide(page, false);
    await eventually(() => expect(asked(requests, '/api/live')).toBe(before + 1));
    await eventually(() => expect(asked(requests, '/api/history')).toBe(before + 1));
  },
);

browserTest('no line is drawn where samples are missing, and no more than an hour is kept', async () => {
  const { page } = await open(scene.url);
  const at = (seconds: number): Sample => {
    const pipeline = { lag: seconds, rate: 0 };
    return { at: seconds * 1_000, aliases: pipeline, archive: pipeline };
  };
  const samples = [at(5), at(10), at(7_200), at(7_205)];
  const call = (script: string) =>
    page.evaluate(`import('/assets/history.js').then(({ columns, lastHour, follows }) => ${script})`);
  const given = JSON.stringify(samples);
  expect(await call(`columns(${given}, (sample) => sample.aliases.lag, 5000)`)).toEqual([
    [5, 10, 15, 7_200, 7_205],
    [5, 10, null, 7_200, 7_205],
  ]);
  expect(await call(`lastHour(${given})`)).toEqual(samples.slice(2));
  expect(await call(`[${given}[1], ${given}[2]].map((next) => follows([${given}[0]], next, 5000))`)).toEqual([
    true,
    false,
  ]);
});

browserTest(
  'what is parked or cannot be served is amber, a store that is away red, with its beginning, and its end among the incidents',
  async () => {
    const { postgres, redis, db } = scene;
    const proxy = await faultProxy(Number(new URL(postgres.url).port));
    db.exec("INSERT INTO team_aliases VALUES (NULL, 'no id'), ('3', x'00ff')");
    await redis.client.hset('aidb:model:77', { ...model('parked'), created_at: 'not a time' });
    await redis.client.zadd('aidb:metric:1:loss:train', '0', 'not json');
    const daemon = await scene.startAnother({
      MILLRACE_ONLY: '',
      POSTGRES_URL: through(proxy, postgres.url),
    });
    const { page } = await open(daemon.url);
    const badge = (name: string) => page.locator(`#${name}.badge, #${name} .badge`).first();
    await shows(badge('aliases'), 'In step, 2 rows not served');
    await shows(badge('archive'), 'In step, 2 parked');
    await shows(badge('overall'), 'In order, 2 rows not served, 2 parked');
    for (const name of ['aliases', 'archive', 'overall'])
      expect(await badge(name).getAttribute('data-tone')).toBe('warn');
    await shows(page.locator('#aliases details').first(), /the alias is a blob.*the id is NULL/s);
    await shows(page.locator('#letters tbody'), 'not a JSON object');
    expect(await page.locator('#letters tbody').textContent()).not.toContain('made ');

    proxy.refuse();
    await shows(page.locator('#troubles'), /^archive: E_PG_UNREACHABLE.*Since \d\d:\d\d:\d\d, /s);
    await shows(page.locator('#incidents'), /Postgres: .*E_PG_UNREACHABLE.*goes on/s);
    const away = page.locator('.flow-box[data-tone="bad"]');
    await eventually(async () => (await away.count()) === 1);
    expect(await page.locator('#archive svg.flow').getAttribute('aria-label')).toMatch(
      /PostgreSQL \S+, away/,
    );
    proxy.open();
    await shows(page.locator('#incidents'), /lasted .*, until \d\d:\d\d:\d\d/);
    await eventually(async () => (await away.count()) === 0);
    await daemon.stop();
    db.exec(
      "UPDATE team_aliases SET team_id = '3', alias = 'mended' WHERE team_id IS NULL OR typeof(alias) = 'blob'",
    );
    const next = await scene.startAnother();
    const { page: later } = await open(next.url);
    await shows(later.locator('#aliases .badge'), 'In step');
    expect(await later.locator('#aliases').textContent()).not.toContain('cannot be served');
  },
  60_000,
);

/** Whether the longest label fits beside each plot of the aliases, and the title into its line. For the page. */
const roomOfCharts = `[...document.querySelectorAll('#aliases .chart')].map((chart) => {
  const context = document.createElement('canvas').getContext('2d');
  context.font = '11px ' + getComputedStyle(chart).fontFamily;
  const label = chart.textContent.startsWith('Lag') ? '20 min' : '1,000,000';
  const room = chart.querySelector('.u-over').offsetLeft - context.measureText(label).width;
  return room > 4 && chart.querySelector('.chart-title').offsetHeight < 30;
})`;

browserTest(
  'labels of the axes and titles have the room they need, on a phone and on a wide screen',
  async () => {
    const { page } = await open(scene.url);
    const now = Date.now();
    const samples = Array.from({ length: 300 }, (_one, step): Sample => {
      const sample = { lag: step * 4, rate: step * 5_000 };
      return { at: now - (300 - step) * 5_000, aliases: sample, archive: sample };
    });
    await page.route('**/api/history', (route) =>
      route.fulfill({ json: { at: now, stepMs: 5_000, samples } }),
    );
    await page.reload();
    await shows(page.locator('#aliases .charts'), /peak 19 min 56 s.*peak 1,495,000/s);
    for (const width of [360, 768, 1_000, 1_600]) {
      await page.setViewportSize({ width, height: 900 });
      await eventually(async () => {
        expect({ width, rooms: await page.evaluate(roomOfCharts) }).toEqual({ width, rooms: [true, true] });
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      });
    }
  },
);
