import { archiveDryRun } from '../../../src/archive/pass/dry-run';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { ModelStore } from '../../../src/writer/model-store';
import { startDaemon, type TestDaemon } from '../../support/daemon';
import { eventually } from '../../support/eventually';
import { type TestDatabase, testPostgres } from '../../support/postgres';
import { testRedis, type TestRedis } from '../../support/stores';

export interface Letter {
  readonly id: string;
  readonly key: string;
  readonly code: string;
  readonly column_name: string | null;
  readonly message: string;
  readonly waiting_for: string | null;
}

export interface Archive {
  redis: TestRedis;
  postgres: TestDatabase;
  /** Writes through the function library. */
  store: ModelStore;
  environment: (changes?: Readonly<Record<string, string>>) => Record<string, string>;
  /** Full passes come at start and when asked for, not by the clock. */
  start: (changes?: Readonly<Record<string, string>>) => Promise<TestDaemon>;
  /** The rows, their values as Postgres prints them, `|` between them; NULL is nothing. */
  lines: (sql: string, values?: readonly unknown[]) => Promise<string[]>;
  /** Waits until a query has these lines. */
  becomes: (sql: string, expected: readonly string[]) => Promise<void>;
  letters: () => Promise<Letter[]>;
  untilParked: (...keys: readonly string[]) => Promise<void>;
  /** What a full pass would find different by now, by kind. */
  differences: () => Promise<Readonly<Record<string, number>>>;
  /** Asks a daemon for a full pass, and waits for its report: takes it about a second. */
  pass: (daemon: TestDaemon) => Promise<PassReport>;
}

export type PassReport = NonNullable<Awaited<ReturnType<TestDaemon['status']>>['archive']['lastPass']>;

/** A Redis and a database of this file's own, before each test the one empty, the other as if just migrated. */
export function useArchive(): Archive {
  const archive = {} as Archive;
  beforeAll(async () => {
    archive.redis = await testRedis();
    archive.postgres = await testPostgres();
    archive.store = new ModelStore(archive.redis.client);
  });
  beforeEach(async () => {
    await archive.redis.client.flushall();
    await archive.postgres.renew();
  });
  afterAll(() => {
    archive.store.close(); // it copies a client that would send again
  });
  archive.environment = (changes = {}) => ({
    REDIS_URL: archive.redis.url,
    POSTGRES_URL: archive.postgres.url,
    SYNC_INTERVAL: '3600',
    ...changes,
  });
  let started: Readonly<Record<string, string>> = {};
  archive.start = (changes = {}) => {
    started = changes;
    return startDaemon(archive.environment(changes));
  };
  archive.lines = async (sql, values = []) => {
    const { rows } = await archive.postgres.pool.query<(string | null)[]>({
      text: sql,
      values: [...values],
      rowMode: 'array',
      types: { getTypeParser: () => (value: unknown) => value },
    });
    return rows.map((row) => row.map((value) => value ?? '').join('|'));
  };
  archive.becomes = (sql, expected) =>
    eventually(async () => expect(await archive.lines(sql)).toEqual(expected));
  archive.letters = async () =>
    (await archive.postgres.query(
      'SELECT id::text, key, code, column_name, message, waiting_for FROM millrace.dead_letters ORDER BY key, id',
    )) as unknown as Letter[];
  archive.untilParked = (...keys) =>
    eventually(async () => expect((await archive.letters()).map(({ key }) => key)).toEqual(keys));
  archive.differences = async () => {
    const config = loadConfig({ ...archive.environment(), ON_CONFLICT: started['ON_CONFLICT'] ?? 'skip' });
    return (await archiveDryRun(config, requirePostgres(config), () => undefined)).differences;
  };
  archive.pass = async (daemon) => {
    const [asked] = await archive.lines(
      'UPDATE millrace.checkpoint SET pass_requested_at = clock_timestamp() RETURNING pass_requested_at::text',
    );
    let report: unknown;
    await eventually(
      async () => {
        const [row] = await archive.postgres.query(
          `SELECT last_pass FROM millrace.checkpoint WHERE (last_pass ->> 'requestedAt')::timestamptz >= $1`,
          [asked],
        );
        report = row?.['last_pass'];
        return report !== undefined;
      },
      { alive: daemon.running, within: 20_000 },
    );
    return report as PassReport;
  };
  return archive;
}
