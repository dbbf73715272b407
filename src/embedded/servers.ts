import { join, resolve } from 'node:path';

import { type EmbeddedPostgres, startPostgres } from './postgres/postgres';
import { ensureOwner, type OwnerAccess } from './postgres/postgres-owner';
import { type EmbeddedRedis, startRedis } from './redis/redis';
import { passwordFile } from './redis/redis-orphan';
import { newPassword } from '../foundation/secret';

interface ServerOptions {
  /** MILLRACE_DIR, or a folder like it. */
  readonly folder: string;
  readonly persist?: boolean;
  readonly log: (message: string) => void;
}

/** A server, and the file with its password, for people. */
export interface Guarded {
  readonly passwordFile: string;
}

/** A Redis that asks for a password, a new one at each start. */
export async function guardedRedis({
  folder,
  persist = true,
  log,
}: ServerOptions): Promise<EmbeddedRedis & Guarded> {
  const ownDir = resolve(folder, 'redis');
  const dataDir = join(ownDir, 'data');
  const settings = { dataDir, ownDir, persist, password: newPassword(), log };
  const redis = await startRedis(settings);
  return { ...redis, passwordFile: passwordFile(ownDir) };
}

/** A Postgres, and the access of the role that owns its database and is no superuser. */
export async function guardedPostgres({
  folder,
  persist = true,
  log,
}: ServerOptions): Promise<EmbeddedPostgres & OwnerAccess> {
  const postgres = await startPostgres({ dataDir: resolve(folder, 'postgres'), persist, log });
  try {
    return { ...postgres, ...(await ensureOwner(postgres)) };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}
