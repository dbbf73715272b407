import { aliasPauseStore } from '../aliases/sink/pause-store';
import { archivePauseStore } from '../archive/position/pause-store';
import { type ArchiveStores, requirePostgres } from '../config/load';
import type { PipelineName } from '../config/names';
import { PostgresConnection } from '../connections/postgres/postgres';
import type { PostgresTarget } from '../connections/postgres/postgres-url';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';
import type { PauseStore } from '../pipeline/pause';

/**
 * Pauses or resumes a pipeline, by its target store: no daemon has to be reachable, or even running.
 * @param by who pauses the pipeline; undefined: it is resumed
 */
export async function setPause(
  stores: ArchiveStores,
  pipeline: PipelineName,
  by: string | undefined,
): Promise<void> {
  await (pipeline === 'aliases' ? setAliases(stores.redis, by) : setArchive(requirePostgres(stores), by));
}

const set = (store: PauseStore, by: string | undefined): Promise<void> =>
  by === undefined ? store.resume() : store.pause(by);

async function setAliases(redis: RedisTarget, by: string | undefined): Promise<void> {
  const connection = new RedisConnection(redis, 'pause');
  try {
    await set(aliasPauseStore(connection), by);
  } finally {
    connection.close();
  }
}

async function setArchive(postgres: PostgresTarget, by: string | undefined): Promise<void> {
  const connection = new PostgresConnection(postgres, 'pause');
  try {
    await set(archivePauseStore(connection), by);
  } finally {
    connection.close();
  }
}
