import { defaultCacheDir, findRedisServer } from '../../src/embedded/redis-binary';

/** Finds (or fetches) the real Redis once, so that no test's time goes into it. */
export default async function globalSetup(): Promise<void> {
  await findRedisServer({ cacheDir: defaultCacheDir() });
}
