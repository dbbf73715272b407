/**
 * Everything between a fresh checkout and a program that runs: a Node that is new enough, packages, dist/. npm calls it
 * before start, test and the others. It is silent, and quick, when there is nothing to do; it writes to stderr only,
 * because stdout belongs to the command that follows (--json). Plain JavaScript that Node 18 understands, for nothing
 * is installed yet.
 */
import { fileURLToPath } from 'node:url';

import { build, buildState } from './setup/build.mjs';
import { waitForOthers, whileLocked } from './setup/lock.mjs';
import { bringNode, nodeIsTooOld } from './setup/node.mjs';
import { installPackages, isProductionInstall, packagesAreInstalled } from './setup/packages.mjs';
import { giveUp, run } from './setup/shell.mjs';

const buildIsCurrent = () => isProductionInstall() || buildState() === 'current';

function setUp() {
  // What another set-up has half done may look finished.
  waitForOthers();
  if (packagesAreInstalled() && buildIsCurrent()) return;
  whileLocked(() => {
    // Each is looked at again, for another set-up may have been first.
    if (!packagesAreInstalled()) installPackages();
    if (!buildIsCurrent()) build(buildState());
  });
}

/** The rest of set-up, and whatever npm and npx run in this checkout from now on, uses another Node. */
function setUpWithNewerNode() {
  if (!run(whileLocked(bringNode), [fileURLToPath(import.meta.url)])) process.exitCode = 1;
}

try {
  if (nodeIsTooOld()) setUpWithNewerNode();
  else setUp();
} catch (error) {
  if (error.syscall === undefined) throw error;
  giveUp(`this checkout cannot be read or written: ${error.message}`);
}
