import { runProgram, whyItFailed } from '../process/run-program';
import type { ServerUser } from '../process/server-user';

export interface RedisServerBinary {
  /** Absolute path of redis-server or valkey-server. */
  readonly path: string;
  /** Variables to add to its environment: LD_LIBRARY_PATH, if its libraries lie beside it. */
  readonly env: NodeJS.ProcessEnv;
  /** For example '7.0.15'. */
  readonly version: string;
  /** Where the server was found: 'PATH', 'Debian package', 'npm package'. */
  readonly origin: string;
}

/** The outcome of one way to find a server: a server, or why there is none. */
export type RedisAttempt = { readonly server: RedisServerBinary } | { readonly problem: string };

/** The oldest major version: Redis 7 brought functions, on which the writer library rests. */
const OLDEST_MAJOR = 7;

/** Makes sure that a server runs here: a binary may lack its libraries or be for another architecture. */
export async function checkRedisServer(
  path: string,
  origin: string,
  env: NodeJS.ProcessEnv = {},
  user?: ServerUser,
): Promise<RedisAttempt> {
  const result = await runProgram(path, ['--version'], {
    env: { ...process.env, ...env },
    cwd: '/',
    ...user,
  });
  const whom = user === undefined ? '' : ` as user ${user.uid}`;
  if (!result.ok) return { problem: `${path}${whom} ${whyItFailed(result.stderr)}` };
  const version = /\bv=(\d+(?:\.\d+)*)/.exec(result.stdout)?.[1];
  if (version === undefined) return { problem: `${path} does not say which version it is` };
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    return { problem: `${path} is version ${version}, and ${OLDEST_MAJOR} is the oldest that will do` };
  }
  return { server: { path, env, version, origin } };
}
