import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { downloadPackages } from './apt-download';
import { installOnce } from '../process/install-once';
import { type RedisAttempt, checkRedisServer } from './redis-server-check';
import { removeFolder } from '../process/remove-folder';
import { lastLines, runProgram } from '../process/run-program';

/** The packages of a server: its redis-server is a link to the redis-check-rdb of redis-tools. */
const PACKAGES = ['redis-server', 'redis-tools'];
/** What the two need beyond a minimal system, for when apt's own dependency resolution fails. */
const USUAL_LIBRARIES = ['libjemalloc2', 'liblzf1'];
const UNPACK_TIMEOUT_MS = 60_000;

/** The release, as part of the folder's name: machines with different releases may share a home directory. */
function releaseName(): string {
  const file = '/etc/os-release';
  const release = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'unknown';
  return `${field('ID')}-${field('VERSION_ID')}`;
}

function entries(folder: string, kind: 'folder' | 'library'): string[] {
  try {
    const found = readdirSync(folder, { withFileTypes: true });
    const wanted = found.filter((entry) =>
      kind === 'folder' ? entry.isDirectory() : !entry.isDirectory() && /\.so(\.|$)/.test(entry.name),
    );
    return wanted.map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

/** The unpacked folders with libraries. They have to be looked for, since their names contain the architecture's triplet. */
function libraryFolders(root: string): string[] {
  const bases = ['usr/lib', 'lib'].map((name) => join(root, name));
  const candidates = bases.flatMap((base) => [base, ...entries(base, 'folder')]);
  return candidates.filter((folder) => entries(folder, 'library').length > 0);
}

function check(root: string): Promise<RedisAttempt> {
  const inherited = process.env['LD_LIBRARY_PATH'] ?? '';
  const folders = [...libraryFolders(root), ...(inherited === '' ? [] : [inherited])];
  const env = folders.length === 0 ? {} : { LD_LIBRARY_PATH: folders.join(delimiter) };
  return checkRedisServer(join(root, 'usr', 'bin', 'redis-server'), 'Debian package', env);
}

async function unpack(folder: string): Promise<void> {
  const work = join(folder, 'work');
  mkdirSync(work);
  const archives = await downloadPackages(PACKAGES, USUAL_LIBRARIES, work);
  for (const archive of archives) {
    const result = await runProgram('dpkg', ['-x', archive, folder], { timeoutMs: UNPACK_TIMEOUT_MS });
    if (!result.ok) throw new Error(`dpkg -x failed: ${lastLines(result.stderr, 2)}`);
  }
  removeFolder(work);
  const attempt = await check(folder);
  if ('problem' in attempt) throw new Error(attempt.problem);
}

/** The Redis of Debian or Ubuntu, unpacked into the cache instead of installed: neither root nor a service is involved. */
export async function debianRedis(cacheDir: string, log: (message: string) => void): Promise<RedisAttempt> {
  if (process.platform !== 'linux') return { problem: 'no Debian package for this platform' };
  const target = join(cacheDir, `redis-${releaseName()}-${process.arch}`);
  const cached = await check(target);
  if ('server' in cached) return cached;
  const tools = await Promise.all(['apt-get', 'dpkg'].map((tool) => runProgram(tool, ['--version'])));
  if (tools.some((tool) => !tool.ok))
    return { problem: 'no apt-get and dpkg to get the Debian package with' };
  log(`No usable redis-server on PATH: unpacking the one of the distribution into ${target} (once)`);
  try {
    const isUsable = async () => 'server' in (await check(target));
    await installOnce({ target, isUsable, fill: unpack });
  } catch (error) {
    return { problem: `the Debian package: ${error instanceof Error ? error.message : String(error)}` };
  }
  return check(target);
}
