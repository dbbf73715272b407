import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { at, giveUp, npm, run, say } from './shell.mjs';

const BUILD_TOOLS = `
  better-sqlite3 is compiled when its ready-made binary cannot be downloaded. That takes Python and a C++ compiler:
    Debian, Ubuntu, WSL   sudo apt-get install python3 make g++
    Fedora                sudo dnf install python3 make gcc-c++
    Alpine                apk add python3 make g++
    macOS                 xcode-select --install
    Windows               "Desktop development with C++" of the Visual Studio Build Tools, and Python 3`;

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
  say('installing packages with npm. Where better-sqlite3 has to be compiled, this takes about two minutes.');
  // The build needs the devDependencies, which NODE_ENV=production would leave out.
  const flags = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // npm ci also refuses, in seconds, a lock file without the packages of platforms that a registry mirror left out.
  // npm install takes the same versions, and --no-save leaves the lock file as it is.
  if (npm(['ci', '--dry-run', '--ignore-scripts', ...flags], 'ignore')) {
    if (npm(['ci', ...flags])) return;
  } else if (npm(['install', '--no-save', ...flags])) return;
  giveUp(
    `the packages could not be installed; what npm said is above.\n${BUILD_TOOLS}\n\n  Then run the same command again.`,
  );
}

/** In this process, because starting another Node takes longer than everything else here. */
export function sqliteLoads() {
  try {
    const Database = createRequire(at('package.json'))('better-sqlite3');
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

/** A binary that failed to load once is not read again by the same process. */
const sqliteLoadsElsewhere = (stdio) =>
  run(process.execPath, ['-e', `new (require('better-sqlite3'))(':memory:').close()`], { stdio });

/** Node was upgraded since: the binary is for the old one. */
export function rebuildSqlite() {
  if (sqliteLoadsElsewhere('ignore')) return;
  say(`better-sqlite3 does not load in Node ${process.version}: rebuilding it, which may take two minutes.`);
  npm(['rebuild', 'better-sqlite3', '--loglevel=error']);
  if (sqliteLoadsElsewhere(['ignore', 2, 2])) return;
  giveUp(`better-sqlite3 still does not load; the reason is above.\n${BUILD_TOOLS}`);
}
