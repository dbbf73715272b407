import { defaultCacheDir, findRedisServer } from '../../src/embedded/redis/redis-binary';
import { offerPostgres } from './shared-postgres';

/** Finds (or fetches) the real Redis once, so that no test's time goes into it. Postgres is started when first asked for. */
export default async function globalSetup(): Promise<void> {
  await findRedisServer({ cacheDir: defaultCacheDir() });
  await offerPostgres();
}
