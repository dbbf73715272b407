import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A path in the checkout. */
export const at = (...names) => join(root, ...names);

export function say(message) {
  process.stderr.write(`millrace set-up: ${message}\n`);
}

/** For what a person has to change: a message, no stack trace. */
export function giveUp(message) {
  say(message);
  process.exit(1);
}

/** The child's stdout joins our stderr. */
const OUR_STDERR = ['ignore', 2, 2];

/** Whether the program ran and succeeded. */
export function run(program, args, options = {}) {
  return spawnSync(program, args, { cwd: root, stdio: OUR_STDERR, ...options }).status === 0;
}

/** Node's headers, where they came with it: a compiler then need not download them. */
function withHeaders(env) {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const bundled = existsSync(join(prefix, 'include', 'node', 'node_version.h'));
  return bundled ? { npm_config_nodedir: prefix, ...env } : env;
}

/** npm's own script run by this Node, so that packages are compiled for the Node that will load them. */
export function npm(args, stdio = OUR_STDERR) {
  const home = dirname(process.execPath);
  const script = [
    process.env.npm_execpath ?? '',
    join(home, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(home, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => path.endsWith('npm-cli.js') && existsSync(path));
  const options = { stdio, env: withHeaders(process.env) };
  if (script !== undefined) return run(process.execPath, [script, ...args], options);
  return run('npm', args, { ...options, shell: process.platform === 'win32' });
}
