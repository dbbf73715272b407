import * as aliases from '../aliases/sink/pause';
import * as archive from '../archive/position/pause';
import { type Config, requirePostgres } from '../config/load';
import type { PipelineName } from '../config/names';
import { PostgresConnection } from '../connections/postgres';
import { RedisConnection } from '../connections/redis';

/**
 * Pauses a pipeline, or lets it go on, through the store that knows it: no daemon has to be reachable, or running.
 * @param by who pauses it; undefined: it goes on
 */
export async function setPause(
  config: Config,
  pipeline: PipelineName,
  by: string | undefined,
): Promise<void> {
  await (pipeline === 'aliases' ? setAliases(config, by) : setArchive(config, by));
}

async function setAliases({ redis }: Config, by: string | undefined): Promise<void> {
  const connection = new RedisConnection(redis, 'pause');
  try {
    await (by === undefined ? aliases.resume(connection) : aliases.pause(connection, by));
  } finally {
    connection.close();
  }
}

async function setArchive(config: Config, by: string | undefined): Promise<void> {
  const connection = new PostgresConnection(requirePostgres(config), 'pause');
  try {
    await (by === undefined ? archive.resume(connection) : archive.pause(connection, by));
  } finally {
    connection.close();
  }
}
