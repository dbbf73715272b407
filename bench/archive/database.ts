import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { migrate } from '../../src/archive/schema/migrate';
import { aiRegistry } from '../../src/mapping/ai-registry';
import { startPostgres } from '../../src/embedded/postgres/postgres';

export type TextRow = Readonly<Record<string, string | null>>;

/** A database of its own, and a connection to it. */
export interface Database {
  readonly url: string;
  readonly client: Client;
  /** Rows as text. */
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<readonly TextRow[]>;
  /** A connection more; closed with the database. */
  readonly connect: () => Promise<Client>;
  readonly name: string;
  /** Closes all connections to it: it can be copied only then. */
  readonly disconnect: () => Promise<void>;
}

/** A real Postgres of one part's own, gone afterwards. */
export interface Server {
  /** A database for the time of the work: an empty one, or a copy of one. */
  readonly withDatabase: <T>(work: (database: Database) => Promise<T>, like?: Database) => Promise<T>;
}

const tmpfs = 0x01021994;

/** Durable as in production: fsync and synchronous_commit are on. @throws where the disk is none, and fsync would be free */
export async function withPostgres<T>(work: (server: Server) => Promise<T>): Promise<T> {
  if (statfsSync(tmpdir()).type === tmpfs) {
    throw new Error(`${tmpdir()} is in memory, where a durable commit costs nothing: let TMPDIR name a disk`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-postgres-'));
  chmodSync(folder, 0o711); // for the user that root's Postgres runs as
  try {
    const server = await startPostgres({ dataDir: folder, persist: true });
    try {
      return await work({ withDatabase: (inside, like) => withDatabase(server.url, inside, like) });
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let databases = 0;

async function withDatabase<T>(
  serverUrl: string,
  work: (database: Database) => Promise<T>,
  like?: Database,
): Promise<T> {
  const admin = await connect(serverUrl);
  const name = `bench_${++databases}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const clients: Client[] = [];
  const open = async () => {
    const client = await connect(url.href);
    clients.push(client);
    return client;
  };
  const disconnect = async () => {
    for (const client of clients) await client.end();
  };
  try {
    await like?.disconnect();
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${like?.name ?? 'template1'}`);
    const client = await open();
    const query = async (sql: string, values: readonly unknown[] = []) =>
      (await client.query<TextRow>(sql, [...values])).rows;
    return await work({ url: url.href, name, client, query, connect: open, disconnect });
  } finally {
    await disconnect();
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    types: { getTypeParser: () => (value: unknown) => value },
  });
  client.on('error', () => undefined); // told by the query it interrupts
  await client.connect();
  await client.query("SET TimeZone = 'UTC'");
  return client;
}

/** Another database of the same server with the archive's schema, as `millrace migrate` makes it. */
export const withSchema = <T>(server: Server, work: (database: Database) => Promise<T>): Promise<T> =>
  server.withDatabase(async (database) => {
    await migrate(database.client, { catalogue: aiRegistry });
    return work(database);
  });
