import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('package.json not found above ' + __dirname);
  return findRoot(parent);
}

/** The folder of Millrace's package.json: the same from src/ (tests) and from dist/src/ (built). */
export const packageRoot: string = findRoot(__dirname);

/** Text of a file shipped with the package (SQL, Lua), by its path from the package root. */
export const readAsset = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

/** Text of a SQL file without its lines of comment: they name what is filled in, which may have several lines. */
export const readSql = (path: string): string => readAsset(path).replace(/^--.*\n/gm, '');

interface Manifest {
  readonly version: string;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readAsset('package.json')) as Manifest;

/** Millrace's own version, from package.json. */
export const version: string = manifest.version;

/** The exact version of a package that Millrace is tested with, but that is not installed with it. */
export const testedVersion = (name: string): string | undefined => manifest.devDependencies?.[name];
