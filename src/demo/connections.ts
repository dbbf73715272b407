import Database from 'better-sqlite3';
import Redis from 'ioredis';
import { Client } from 'pg';
import { hearAllErrors } from '../connections/redis-socket-errors';
import { destroy } from '../connections/postgres/postgres-transaction';
import { ModelStore } from '../writer/model-store';
import type { AliasJourneyStores } from './alias-journeys';
import type { ArchiveJourneyStores } from './archive-journeys';

export interface DemoAddresses {
  readonly dbPath: string;
  readonly redisUrl: string;
  readonly postgresUrl: string;
}

export interface Connections extends AliasJourneyStores, ArchiveJourneyStores {
  readonly close: () => void;
}

/** How long one answer may take. */
const patienceMs = 10_000;

/** Connections as any program would have them, beside the daemon's own. */
export async function connect(
  { dbPath, redisUrl, postgresUrl }: DemoAddresses,
  signal: AbortSignal,
): Promise<Connections> {
  const postgres = new Client({
    connectionString: postgresUrl,
    application_name: 'millrace-demo',
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  const redis = new Redis(redisUrl, {
    retryStrategy: () => null,
    disconnectTimeout: 100,
    commandTimeout: patienceMs,
  });
  // When a connection is lost, the calls fail.
  postgres.on('error', () => undefined);
  redis.on('error', () => {
    hearAllErrors(redis);
  });
  const store = new ModelStore(redisUrl);
  const db = new Database(dbPath, { fileMustExist: true });
  const close = () => {
    db.close();
    store.close();
    redis.disconnect();
    destroy(postgres); // `end` would wait for a server that may be frozen
  };
  try {
    await Promise.all([postgres.connect(), redis.ping()]);
    await postgres.query("SET TimeZone = 'UTC'");
    return { db, redis, postgres, store, signal, close };
  } catch (error) {
    close();
    throw error;
  }
}
