import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Redis from 'ioredis';
import { Pool } from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../../src/embedded/postgres/postgres';
import { type EmbeddedRedis, startRedis } from '../../../src/embedded/redis/redis';
import type { StoreShim } from '../shim/store-shim';
import { Wire } from './wire';

/** A real Redis, which Millrace reaches by the wire, and everybody else directly. */
export class RedisStore {
  readonly dataDir: string;
  readonly url: string;
  readonly wire: Wire;
  /** The harness' own. */
  readonly client: Redis;
  readonly shim: StoreShim | undefined;
  #server: EmbeddedRedis;

  private constructor(dataDir: string, server: EmbeddedRedis, wire: Wire, shim: StoreShim | undefined) {
    this.dataDir = dataDir;
    this.shim = shim;
    this.url = server.url;
    this.wire = wire;
    this.#server = server;
    this.client = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    this.client.on('error', () => undefined);
  }

  static async start(dataDir: string, shim: StoreShim | undefined): Promise<RedisStore> {
    const server = await startRedis({ dataDir, persist: true, ...withShim(shim) });
    return new RedisStore(dataDir, server, await Wire.to(server.port), shim);
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.kill(signal);
  }

  /** kill -9. What it had answered is in its file, unless it was started without one. */
  async kill(): Promise<void> {
    this.#server.kill('SIGKILL');
    await this.#server.exited;
  }

  /** Again, on the same port and, with `persist`, with the data that it had. */
  async start({ persist = true, extraArgs = [] as readonly string[] } = {}): Promise<void> {
    const { port } = this.#server;
    this.#server = await startRedis({
      dataDir: this.dataDir,
      persist,
      port,
      extraArgs,
      ...withShim(this.shim),
    });
    await this.client.ping();
  }

  async close(): Promise<void> {
    this.client.disconnect();
    await this.wire.close();
    await this.#server.stop();
    this.shim?.close();
  }
}

const withShim = (shim: StoreShim | undefined) => ({ extraEnvironment: shim?.environment ?? {} });

/** By this name the harness' own sessions are spared. */
export const harnessName = 'chaos-harness';

/** As whom Millrace works: the owner of the database, and no superuser. */
export const ownerRole = 'keeper';
const ownerPassword = 'not-a-secret';

/** A real Postgres, which Millrace reaches by the wire. */
export class PostgresStore {
  /** Of the owner of the database. */
  readonly url: string;
  /** The harness' own, of the superuser. */
  readonly wire: Wire;
  readonly pool: Pool;
  readonly shim: StoreShim | undefined;
  readonly #folder: string;
  #server: EmbeddedPostgres;

  private constructor(folder: string, server: EmbeddedPostgres, wire: Wire, shim: StoreShim | undefined) {
    this.#folder = folder;
    this.shim = shim;
    const url = new URL(server.url);
    Object.assign(url, { username: ownerRole, password: ownerPassword });
    this.url = url.href;
    this.wire = wire;
    this.#server = server;
    // What faults set for all sessions is not for these.
    const own = [
      'statement_timeout',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'default_transaction_read_only',
    ];
    this.pool = new Pool({
      connectionString: server.url,
      application_name: harnessName,
      options: own.map((name) => `-c ${name}=0`).join(' '),
      max: 5,
      connectionTimeoutMillis: 2_000,
    });
    this.pool.on('error', () => undefined);
    this.pool.on('connect', (client) => void client.on('error', () => undefined));
  }

  static async start(folder: string, shim: StoreShim | undefined): Promise<PostgresStore> {
    const server = await startPostgres({ dataDir: folder, persist: false, ...withShim(shim) });
    const store = new PostgresStore(folder, server, await Wire.to(server.port), shim);
    await store.pool.query(
      `CREATE ROLE ${ownerRole} LOGIN PASSWORD '${ownerPassword}'; ALTER DATABASE ${server.database} OWNER TO ${ownerRole}`,
    );
    return store;
  }

  /** SIGINT stops it, SIGQUIT at once, SIGKILL as it is. Resolves when it is gone. */
  async end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    this.#server.kill(signal);
    await this.#server.exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#server.kill(signal);
  }

  /** Where its data really are. */
  get dataDir(): string {
    return this.#server.dataDir;
  }

  /** Again, on the same port and with its data. */
  async start(): Promise<void> {
    const { port } = this.#server;
    this.#server = await startPostgres({
      dataDir: this.#folder,
      persist: false,
      port,
      ...withShim(this.shim),
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.wire.close();
    await this.#server.stop();
    this.shim?.close();
  }
}

/** A folder that other users can reach: root's Postgres runs as one of them. */
export function openFolder(parent: string, name: string): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  return folder;
}
