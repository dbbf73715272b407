import { RedisConnection } from '../../connections/redis';
import type { RedisTarget } from '../../connections/redis-url';
import { parseCheckpoint, readCheckpoint } from './checkpoint';
import type { Mappings } from './sink';

/** The documents whose keys in this Redis are ours, by name, going by the checkpoint. @throws explained errors */
export async function readIntroduced(redis: RedisTarget): Promise<Mappings> {
  const connection = new RedisConnection(redis, 'plan');
  try {
    await connection.connect();
    return parseCheckpoint(await readCheckpoint(connection))?.mappings ?? {};
  } finally {
    connection.close();
  }
}
