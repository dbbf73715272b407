import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { Pool } from 'pg';
import {
  type EmbeddedPostgres,
  startPostgres,
  type StartPostgresOptions,
} from '../../src/embedded/postgres/postgres';
import type { Row } from './ask-postgres';
import { databaseUrl, postgresFolder, sharedPostgresUrl, template } from './shared-postgres';

export interface TestPostgres {
  readonly url: string;
  /** Another one after `renew`. */
  pool: Pool;
  /** The rows. Outside of any transaction: for one, take a client from `pool`. */
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<Row[]>;
}

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function poolOf(url: string): Pool {
  // What a test reads is in UTC, and as it is, whatever it does to the database's own settings, and to the server's.
  const plain = 'TimeZone=UTC DateStyle=ISO bytea_output=hex extra_float_digits=1 idle_session_timeout=0';
  const pool = new Pool({ connectionString: url, options: plain.replace(/\S+/g, '-c $&') });
  pool.on('error', () => undefined); // tests stop the server on purpose
  return pool;
}

function access(url: string): TestPostgres {
  const access: TestPostgres = {
    url,
    pool: poolOf(url),
    query: async (sql, values = []) => (await access.pool.query<Row>(sql, [...values])).rows,
  };
  return access;
}

export interface TestDatabase extends TestPostgres {
  /** Everything in it goes, and what a migration makes is there anew: a copy is quicker than to migrate. Nobody may be at work in it. */
  readonly renew: () => Promise<void>;
}

/**
 * A database of this test file's own, on the server that all test files share; dropped after the file. It is empty, and after
 * `renew` migrated. Call inside `beforeAll`.
 */
export async function testPostgres(): Promise<TestDatabase> {
  const shared = await sharedPostgresUrl();
  // To connect costs as much as to drop a database; tests may end every session of the server, and a pool connects anew.
  const admin = new Pool({ connectionString: shared, max: 1, idleTimeoutMillis: 0 });
  admin.on('error', () => undefined);
  const name = `test_${randomBytes(6).toString('hex')}`;
  const drop = () => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}`);
  const postgres = access(databaseUrl(shared, name));
  cleanups.push(async () => {
    await postgres.pool.end();
    await drop();
    await admin.end();
  });
  return Object.assign(postgres, {
    renew: async () => {
      await postgres.pool.end();
      await drop();
      await copyTemplate(admin, name);
      postgres.pool = poolOf(postgres.url);
    },
  });
}

/** File by file, where the server knows the word: the other way writes every page to its log. */
async function copyTemplate(admin: Pool, name: string): Promise<void> {
  const copy = `CREATE DATABASE ${name} TEMPLATE ${template}`;
  await admin.query(`${copy} STRATEGY file_copy`).catch(async (error: unknown) => {
    if ((error as { code?: unknown }).code !== '42601') throw error;
    await admin.query(copy);
  });
}

export interface OwnPostgres extends TestPostgres {
  /** Rewritten by `restart`. */
  server: EmbeddedPostgres;
  /** Stops it, if it still runs, and starts it on the same data and port: `url` and `pool` go on. */
  readonly restart: () => Promise<void>;
}

/** A server of this test file's own, for tests that stop, kill or configure it; stopped after the file. Call inside `beforeAll`. */
export async function ownPostgres(options: Partial<StartPostgresOptions> = {}): Promise<OwnPostgres> {
  const folder = postgresFolder();
  const settings = { dataDir: folder, persist: false, ...options };
  const server = await startPostgres(settings);
  const own: OwnPostgres = {
    ...access(server.url),
    server,
    restart: async () => {
      await own.server.stop();
      own.server = await startPostgres({ ...settings, port: server.port });
    },
  };
  cleanups.push(async () => {
    await own.pool.end();
    await own.server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return own;
}
