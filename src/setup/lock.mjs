import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { at, say } from './shell.mjs';

const LOCK = at('.millrace', 'setup.lock');
const PID_FILE = at('.millrace', 'setup.lock', 'pid');
/** A pid may have been given to another program since; no set-up takes this long. */
const MAX_AGE_MS = 30 * 60 * 1000;
/** Between making the folder and writing the pid into it. */
const WITHOUT_PID_MS = 5000;
const POLL_MS = 200;

const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** '' while its owner is making it, undefined when there is none. */
function owner() {
  try {
    return readFileSync(PID_FILE, 'utf8');
  } catch {
    return existsSync(LOCK) ? '' : undefined;
  }
}

/** Left by a set-up that was killed. */
function isStale(pid) {
  const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (pid === '') return age > WITHOUT_PID_MS;
  return age > MAX_AGE_MS || !isAlive(Number(pid));
}

/** Renamed first, for of several that find it stale only one can; and looked at again, for it may be a new one by then. */
function removeStale(pid) {
  const aside = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, aside);
    const moved = existsSync(`${aside}/pid`) ? readFileSync(`${aside}/pid`, 'utf8') : '';
    if (moved === pid) rmSync(aside, { recursive: true });
    else renameSync(aside, LOCK);
  } catch {
    // Another process was quicker.
  }
}

function tryLock() {
  mkdirSync(at('.millrace'), { recursive: true });
  try {
    mkdirSync(LOCK);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(PID_FILE, String(process.pid));
  return true;
}

/** Until no other set-up is at work in this checkout. */
export function waitForOthers() {
  let announced = false;
  for (let pid = owner(); pid !== undefined; pid = owner()) {
    if (isStale(pid)) {
      removeStale(pid);
    } else {
      if (!announced) say(`waiting for another set-up (process ${pid}).`);
      announced = true;
      pause(POLL_MS);
    }
  }
}

const unlock = () => rmSync(LOCK, { recursive: true, force: true });

/** Does the work as soon as this process is the only one at work. */
export function whileLocked(work) {
  while (!tryLock()) waitForOthers();
  // giveUp() ends the process in the middle of it.
  process.on('exit', unlock);
  try {
    return work();
  } finally {
    process.off('exit', unlock);
    unlock();
  }
}
