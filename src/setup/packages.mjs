import { existsSync, readFileSync } from 'node:fs';

import { fetchNode, linkNode, nodeIsLinked } from './node.mjs';
import { at, giveUp, npm, say } from './shell.mjs';

/** Installed without devDependencies, already built: nothing can be built here, and nothing has to be. */
export const isProductionInstall = () =>
  existsSync(at('dist', 'src')) &&
  existsSync(at('node_modules')) &&
  !existsSync(at('node_modules', 'typescript'));

const packagesOf = (lockFile) => JSON.parse(readFileSync(lockFile, 'utf8')).packages;

/**
 * Compares what is installed, as npm noted it at the end of the installation, with what the lock file asks for. By
 * content, since the times of files say nothing after a clone. Packages for other platforms are absent, rightly.
 */
export function packagesAreInstalled() {
  const noted = at('node_modules', '.package-lock.json');
  if (!existsSync(noted)) return false;
  const installed = packagesOf(noted);
  const production = isProductionInstall();
  return Object.entries(packagesOf(at('package-lock.json'))).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found !== undefined) return found.version === wanted.version;
    return wanted.optional === true || wanted.devOptional === true || (production && wanted.dev === true);
  });
}

export function installPackages() {
  say('installing packages with npm.');
  // npm ci begins by removing node_modules, this process' Node with it.
  const node = nodeIsLinked() ? fetchNode() : undefined;
  // The build needs the devDependencies, which NODE_ENV=production would leave out.
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm ci also refuses, in seconds, a lock file without the packages of platforms that a registry mirror left out.
  // npm install takes the same versions, and --no-save leaves the lock file as it is.
  const installed = npm(['ci', '--dry-run', '--ignore-scripts', ...flags], 'ignore')
    ? npm(['ci', ...flags])
    : npm(['install', '--no-save', ...flags]);
  if (node !== undefined) linkNode(node);
  if (!installed) {
    giveUp('the packages could not be installed; what npm said is above. Then run the same command again.');
  }
}
