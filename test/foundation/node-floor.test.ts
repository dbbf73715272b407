import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/foundation/package-root';
import { cliPath } from '../support/cli';
import { OLD_NODE } from '../support/old-node';

const sentence = /Millrace needs Node 22 or newer, and this is v20\.0\.0: .*nodejs\.org\//;

/** better-sqlite3 must not even be loaded: in an older Node it ends the process. */
const inOldNode = (...args: readonly string[]) => {
  const noSqlite = `import { registerHooks } from 'node:module'; ${OLD_NODE};
    registerHooks({ resolve(name, context, next) { if (name === 'better-sqlite3') process.kill(process.pid); return next(name, context); } });`;
  const flags = ['--import', `data:text/javascript,${encodeURIComponent(noSqlite)}`];
  return spawnSync(process.execPath, [...flags, ...args], { encoding: 'utf8' });
};

test.each([['status'], ['run'], ['--version']])('millrace %s says what it needs, in one sentence', (verb) => {
  const { status, stdout, stderr } = inOldNode(cliPath, verb);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(new RegExp(`^${sentence.source}\n$`));
});

test.each([
  ['the library', join('dist', 'src', 'index.js')],
  ['the bench', join('dist', 'bench', 'index.js')],
])('%s throws it', (_name, path) => {
  const { status, stderr } = inOldNode(join(packageRoot, path));
  expect(status).toBe(1);
  expect(stderr).toMatch(sentence);
});
