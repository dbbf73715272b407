import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** A Chromium of this machine; undefined: there is none, and it was said loudly. In CI that is an error. */
function findBrowser(): string | undefined {
  const { CHROMIUM_PATH, PATH = '', CI } = process.env;
  const places = PATH.split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  for (const path of CHROMIUM_PATH === undefined ? places : [CHROMIUM_PATH]) {
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // the next one
    }
  }
  const problem =
    'THE DASHBOARD IS NOT TESTED: there is no Chromium here. Install one (`apt-get install chromium`, or Google Chrome), or let CHROMIUM_PATH name it.';
  if (CI !== undefined && CI !== '') throw new Error(problem);
  process.stderr.write(`\n${problem}\n\n`);
  return undefined;
}

const executablePath = findBrowser();

/** `test`, or a skipped one where there is no browser. */
export const browserTest = executablePath === undefined ? test.skip : test;

export interface OpenPage {
  readonly page: Page;
  /** Every address the page asked for. */
  readonly requests: string[];
  /** What the browser complained about. */
  readonly complaints: string[];
}

/** A real headless Chromium for this test file, and pages in it, each of a browser without a past. */
export function useBrowser() {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (executablePath === undefined) return;
    browser = await chromium.launch({
      executablePath,
      // No process more than a page needs: none in reserve for the next one, none for graphics that nobody sees.
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
        .concat(['--renderer-process-limit=1', '--in-process-gpu'])
        .concat(
          ['background-networking', 'component-update', 'sync', 'dev-shm-usage'].map(
            (name) => `--disable-${name}`,
          ),
        ),
    });
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
  });
  return async (url: string, options: BrowserContextOptions = {}): Promise<OpenPage> => {
    if (browser === undefined) throw new Error('there is no browser');
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(url);
    return { page, requests, complaints };
  };
}
