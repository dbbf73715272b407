import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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

/** npm's own script, run by this Node: of several that are installed the first one on PATH may be another. */
function npmCommand(args) {
  const home = dirname(process.execPath);
  const script = [
    process.env.npm_execpath ?? '',
    join(home, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(home, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((path) => path.endsWith('npm-cli.js') && existsSync(path));
  if (script !== undefined) return [process.execPath, [script, ...args], {}];
  return ['npm', args, { shell: process.platform === 'win32' }];
}

/** Whether npm succeeded. */
export function npm(args, stdio = OUR_STDERR) {
  const [program, all, options] = npmCommand(args);
  return run(program, all, { ...options, stdio });
}

/** What a command of a package prints, undefined when it fails; the package is fetched into npm's cache. */
export function npmExec(name, command) {
  const [program, all, options] = npmCommand([
    'exec',
    '--yes',
    `--package=${name}`,
    '--loglevel=error',
    '--',
    ...command,
  ]);
  const { status, stdout } = spawnSync(program, all, {
    ...options,
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  return status === 0 ? stdout.trim() : undefined;
}
