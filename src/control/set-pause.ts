import * as aliases from '../aliases/sink/pause';
import * as archive from '../archive/position/pause';
import { type ArchiveStores, requirePostgres } from '../config/load';
import type { PipelineName } from '../config/names';
import { PostgresConnection } from '../connections/postgres';
import type { PostgresTarget } from '../connections/postgres-url';
import { RedisConnection } from '../connections/redis';
import type { RedisTarget } from '../connections/redis-url';

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

async function setAliases(redis: RedisTarget, by: string | undefined): Promise<void> {
  const connection = new RedisConnection(redis, 'pause');
  try {
    await (by === undefined ? aliases.resume(connection) : aliases.pause(connection, by));
  } finally {
    connection.close();
  }
}

async function setArchive(postgres: PostgresTarget, by: string | undefined): Promise<void> {
  const connection = new PostgresConnection(postgres, 'pause');
  try {
    await (by === undefined ? archive.resume(connection) : archive.pause(connection, by));
  } finally {
    connection.close();
  }
}
