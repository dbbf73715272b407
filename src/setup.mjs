/**
 * Everything between a fresh checkout and a program that runs: packages, better-sqlite3's binary, dist/. npm calls it
 * before start, test and the others. It is silent, and quick, when there is nothing to do; it writes to stderr only,
 * because stdout belongs to the command that follows (--json). Plain JavaScript, for nothing is installed yet.
 */
import { build, buildState } from './setup/build.mjs';
import { lock, waitForOthers } from './setup/lock.mjs';
import {
  installPackages,
  isProductionInstall,
  packagesAreInstalled,
  rebuildSqlite,
  sqliteLoads,
} from './setup/packages.mjs';
import { giveUp } from './setup/shell.mjs';

const OLDEST_NODE = 20;

const buildIsCurrent = () => isProductionInstall() || buildState() === 'current';

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
  giveUp(`Millrace needs Node ${OLDEST_NODE} or newer; this is ${process.version}. See https://nodejs.org/`);
}

// What another set-up has half done may look finished.
waitForOthers();
if (!packagesAreInstalled() || !sqliteLoads() || !buildIsCurrent()) {
  try {
    lock();
  } catch (error) {
    giveUp(`this checkout cannot be written to: ${error.message}`);
  }
  // Each is looked at again, for another set-up may have been first.
  if (!packagesAreInstalled()) installPackages();
  if (!sqliteLoads()) rebuildSqlite();
  if (!buildIsCurrent()) build(buildState());
}
