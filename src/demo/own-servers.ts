import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeFolder } from '../embedded/process/private-folder';
import { removeFolder } from '../embedded/process/remove-folder';
import { createSampleDatabase } from '../embedded/sample-db';
import { guardedPostgres, guardedRedis } from '../embedded/servers';
import type { DemoAddresses } from './connections';

export interface OwnServers extends DemoAddresses {
  readonly folder: string;
  readonly what: readonly string[];
  /** Stops them and removes the folder. */
  readonly close: () => Promise<void>;
}

/** A Redis, a Postgres and a sample database in a temporary folder. */
export async function startServers(say: (line: string) => void): Promise<OwnServers> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-demo-'));
  const remove = () => {
    removeFolder(folder);
  };
  // A process that ends at once (Ctrl+C twice) still removes its folder.
  process.once('exit', remove);
  closeFolder(folder);
  const log = (message: string) => {
    say(`  ${message}`);
  };
  const dbPath = join(folder, 'sports_data.db');
  const started = await Promise.allSettled([
    guardedRedis({ folder, persist: false, log }),
    guardedPostgres({ folder, persist: false, log }),
  ]);
  const close = async () => {
    for (const one of started) if (one.status === 'fulfilled') await one.value.stop();
    const [, postgres] = started;
    // The data are not always below the folder: see server-place.ts.
    if (postgres.status === 'fulfilled') removeFolder(postgres.value.dataDir);
    remove();
    process.off('exit', remove);
  };
  const [redis, postgres] = started;
  if (redis.status === 'rejected' || postgres.status === 'rejected') {
    await close();
    throw redis.status === 'rejected' ? redis.reason : (postgres as PromiseRejectedResult).reason;
  }
  createSampleDatabase(dbPath);
  return {
    folder,
    dbPath,
    redisUrl: redis.value.url,
    postgresUrl: postgres.value.url,
    what: [
      `Redis ${redis.value.version} on port ${redis.value.port}, PostgreSQL ${postgres.value.version} on port ${postgres.value.port} and a sample`,
      `SQLite database, in ${folder}, to be removed at the end.`,
    ],
    close,
  };
}
