import { join } from 'node:path';
import type Database from 'better-sqlite3';
import type { Locator, Page } from 'playwright-core';
import { loadConfig } from '../../../../src/config/load';
import { runDaemon } from '../../../../src/daemon/daemon';
import { keepLog, startDaemon, type TestDaemon } from '../../../support/daemon';
import { eventually } from '../../../support/eventually';
import { testPostgres, type TestPostgres } from '../../../support/postgres';
import { aliasDatabase } from '../../../support/alias-database';
import { temporaryFolder } from '../../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../../support/stores';

export const token = 'a token of 24 characters'.replaceAll(' ', '-');

export interface Scene {
  redis: TestRedis;
  postgres: TestPostgres;
  db: Database.Database;
  /** Of the daemon with both pipelines that runs for the whole file. */
  url: string;
  /** One more daemon on the same stores, until the end of the test. */
  startAnother: (changes?: Readonly<Record<string, string>>) => Promise<TestDaemon>;
}

/** Stores of this test file's own, and a daemon on them. */
export function useScene(changes: Readonly<Record<string, string>> = {}): Scene {
  const folder = temporaryFolder();
  const path = join(folder, 'sports.db');
  const scene = {} as Scene;
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const environment = () => ({
    REDIS_URL: scene.redis.url,
    POSTGRES_URL: scene.postgres.url,
    DB_PATH: path,
    MILLRACE_ONLY: '',
    SYNC_INTERVAL: '3600',
    HTTP_PORT: '0',
    MILLRACE_TOKEN: token,
    ...changes,
  });
  beforeAll(async () => {
    scene.redis = await testRedis();
    scene.postgres = await testPostgres();
    scene.db = aliasDatabase(path);
    scene.db.exec("INSERT INTO team_aliases VALUES (1, 'first'), (1, 'second')");
    const config = loadConfig(environment());
    scene.url = await new Promise<string>((resolve, reject) => {
      running = runDaemon({
        config,
        log: keepLog(),
        signal: stop.signal,
        onRunning: (url = '') => {
          resolve(url);
        },
      });
      running.catch(reject);
    });
    await eventually(async () => (await fetch(`${scene.url}/readyz`)).ok);
  });
  afterAll(async () => {
    stop.abort();
    await running;
    scene.db.close();
  });
  scene.startAnother = (more = {}) => startDaemon({ ...environment(), ...more });
  return scene;
}

/** The figure of that name on a pipeline's card. */
export const figure = (page: Page, pipeline: 'aliases' | 'archive', name: string): Locator =>
  page.locator(`#${pipeline} .figures > div`, { hasText: name }).locator('.number');

/** Waits for a text. */
export const shows = (locator: Locator, text: string | RegExp): Promise<void> =>
  eventually(async () => {
    const found = await locator.textContent({ timeout: 1_000 });
    if (typeof text === 'string') expect(found).toContain(text);
    else expect(found).toMatch(text);
  });

export async function unlock(page: Page, secret = token): Promise<void> {
  await page.getByRole('button', { name: 'Unlock actions' }).click();
  await page.getByLabel('MILLRACE_TOKEN').fill(secret);
  await page.getByRole('button', { name: 'Unlock', exact: true }).click();
}

/** A table that refuses models of that name, until told otherwise. @returns lets them in */
export async function refuseModels({ query }: TestPostgres, name: string): Promise<() => Promise<unknown>> {
  await query(`ALTER TABLE models ADD CONSTRAINT refused CHECK (name <> '${name}')`);
  return () => query('ALTER TABLE models DROP CONSTRAINT refused');
}

export const model = (name: string): Record<string, string> => ({
  ...{ name, description: '', architecture: '', framework: '', task_type: '', input_shape: '' },
  ...{ output_shape: '', created_at: '2026-01-05T14:30:00.000001', updated_at: '2026-01-05T14:30:00.000001' },
});
