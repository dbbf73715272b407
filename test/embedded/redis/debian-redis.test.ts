import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packageRoot } from '../../../src/foundation/package-root';
import { callInChild, killChildren } from '../child';

/** Root becomes nobody, for whom the package must work too; anybody else stays who they are. */
const NOBODY = '65534';
const asUser =
  process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];

const works = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/**
 * Where a redis-server is on PATH the package is never needed, and a mirror may be out of reach. The other user must be
 * able to read this checkout.
 */
function isTestable(): boolean {
  if (!works('apt-get', '--version') || works('redis-server', '--version')) return false;
  return works('env', ...asUser, 'test', '-r', join(packageRoot, 'package.json'));
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-debian-'));

afterAll(() => {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
});

(isTestable() ? describe : describe.skip)('debianRedis', () => {
  it('gives two ordinary users at once a server, from an empty cache and without package lists', async () => {
    chmodSync(folder, 0o755);
    const cacheDir = join(folder, 'cache');
    mkdirSync(cacheDir);
    chmodSync(cacheDir, 0o777);
    mkdirSync(join(folder, 'no-lists'));
    writeFileSync(join(folder, 'apt.conf'), `Dir::State::Lists "${join(folder, 'no-lists')}";\n`);

    const call = {
      module: 'embedded/redis/redis-binary.ts',
      name: 'findRedisServer',
      args: [{ cacheDir }],
      env: { APT_CONFIG: join(folder, 'apt.conf'), HOME: '/nonexistent' },
      prefix: asUser,
    };
    const children = await Promise.all([callInChild(call), callInChild(call)]);
    for (const child of children) {
      expect(child.result).toMatchObject({ origin: 'Debian package' });
      child.process.stdin.end();
    }
    // One complete folder, nothing half-done beside it.
    expect(readdirSync(cacheDir)).toEqual([expect.stringMatching(/^redis-/)]);
  }, 120_000);
});
