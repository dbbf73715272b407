import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import Database from 'better-sqlite3';
import { defaultCacheDir, findRedisServer } from '../src/embedded/redis-binary';
import { packageRoot, version } from '../src/package-root';

/** What a figure depends on besides the code. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly redis: string;
  readonly sqlite: string;
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
    millrace: version,
    commit: commit(),
  };
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
