import { execFileSync } from 'node:child_process';
import { cpus, release, tmpdir, totalmem, type } from 'node:os';
import Database from 'better-sqlite3';
import { defaultCacheDir } from '../src/embedded/process/cache-dir';
import { findPostgres } from '../src/embedded/postgres/postgres-binary';
import { findRedisServer } from '../src/embedded/redis/redis-binary';
import { serverUser } from '../src/embedded/process/server-user';
import { packageRoot, version } from '../src/foundation/package-root';

/** What a figure depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly sqlite: string;
  /** 'none' where there is none. */
  readonly postgres: string;
  readonly millrace: string;
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const redis = await findRedisServer({ cacheDir: defaultCacheDir() });
  const db = new Database(':memory:');
  const sqlite = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  db.close();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    redis: redis.version,
    sqlite,
    postgres: await postgresVersion(),
    millrace: version,
    commit: commit(),
  };
}

/** Of the server that the benchmark starts. */
async function postgresVersion(): Promise<string> {
  try {
    return (await findPostgres({ cacheDir: defaultCacheDir(), user: serverUser(tmpdir()) })).version;
  } catch {
    return 'none';
  }
}

/** The commit, with a plus when files differ from it; 'unknown' outside a git checkout. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['--no-optional-locks', ...args], {
      cwd: packageRoot,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : '+');
  } catch {
    return 'unknown';
  }
}
