import { join } from 'node:path';
import type Database from 'better-sqlite3';
import { startDaemon, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { testPostgres, type TestPostgres } from '../../support/postgres';
import { aliasDatabase } from '../../support/alias-database';
import { temporaryFolder } from '../../support/temporary-folder';
import { testRedis, type TestRedis } from '../../support/stores';
import { type Family, parseExposition } from './exposition';

export interface BothPipelines {
  redis: TestRedis;
  postgres: TestPostgres;
  db: Database.Database;
  path: string;
  /** A daemon with both, when both have made their first pass. */
  start: (changes?: Readonly<Record<string, string>>) => Promise<TestDaemon>;
}

/** Three stores of this file's own. */
export function bothPipelines(): BothPipelines {
  const both = {} as BothPipelines;
  const folder = temporaryFolder();
  beforeAll(async () => {
    both.redis = await testRedis();
    both.postgres = await testPostgres();
    both.path = join(folder, 'both.db');
    both.db = aliasDatabase(both.path);
  });
  afterAll(() => {
    both.db.close();
  });
  both.start = async (changes = {}) => {
    const daemon = await startDaemon({
      REDIS_URL: both.redis.url,
      POSTGRES_URL: both.postgres.url,
      DB_PATH: both.path,
      MILLRACE_ONLY: '',
      SYNC_INTERVAL: '3600',
      ...changes,
    });
    await eventually(async () => expect((await daemon.status()).troubles).toEqual([]), {
      alive: daemon.running,
    });
    return daemon;
  };
  return both;
}

export const scrapeText = async (daemon: TestDaemon): Promise<string> =>
  (await fetch(`${daemon.url}/metrics`)).text();

export const scrape = async (daemon: TestDaemon): Promise<ReadonlyMap<string, Family>> =>
  parseExposition(await scrapeText(daemon));

/** Values of a metric by their labels, `pipeline="aliases"` first; nothing for those that are absent. */
export async function valuesOf(daemon: TestDaemon, name: string): Promise<Record<string, number>> {
  const samples = (await scrape(daemon)).get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

/** Cuts the connections to Postgres until a failed cycle is counted, and waits until all is in order again. */
export async function failOnce({ postgres }: BothPipelines, daemon: TestDaemon): Promise<void> {
  await eventually(async () => {
    await postgres.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'millrace-archive%'`,
    );
    return Object.keys(await valuesOf(daemon, 'millrace_errors_total')).length > 0;
  });
  await eventually(async () => expect((await daemon.status()).troubles).toEqual([]));
}
