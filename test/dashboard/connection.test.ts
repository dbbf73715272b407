import type { Page } from 'playwright-core';
import type { Sample } from '../../src/status/history';
import { eventually } from '../support/eventually';
import { browserTest, useBrowser } from './support/browser';
import { shows, useScene } from './support/scene';

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
