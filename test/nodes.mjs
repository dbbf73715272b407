/**
 * npm run test:nodes: the whole suite on the newest LTS, and on the other Nodes that Millrace supports the part of it
 * that depends on Node most: SQLite's binding, sockets, streams, processes, modules. Beside them three minutes of `npm run chaos`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';

import { fetchNode, linkTo } from '../src/setup/node.mjs';
import { at, giveUp, say } from '../src/setup/shell.mjs';

const WHOLE = '24';
const OTHERS = ['22', '26'];
/**
 * Faults of a few seconds each, so that many have their turn in three minutes; `npm run chaos` has them all. Not poison: when nobody writes any more,
 * what it has parked is refused again and again, and health is red over it in whatever comes next (docs/12-proof.md).
 */
const SHORT = [
  'calm kill-at-random kill-before-commit kill-between-commit-and-reply kill-at-commit',
  'kill-in-copy kill-before-script kill-between-script-and-reply kill-at-script kill-before-trim',
  'kill-in-handshake kill-in-backlog wire-cut wire-swallows-commit wire-swallows-script',
  'redis-flushall redis-del-keys redis-client-kill redis-functions-flushed postgres-backends',
  'sqlite-rebuilt sqlite-replaced sqlite-vacuum sqlite-locked kill-writers',
].flatMap((names) => names.split(' '));
const FAST = ['node-floor', 'cli.test', 'http.test', 'library/package', 'http/live', 'lifetime'];

const results = mkdtempSync(join(tmpdir(), 'millrace-nodes-'));
chmodSync(results, 0o755);
process.on('exit', () => rmSync(results, { recursive: true, force: true }));

/** @returns what jest counted */
function test(major, patterns) {
  const fetched = fetchNode(major);
  if (fetched === undefined) giveUp(`Node ${major} could not be fetched.`);
  // Where other users get to it, too: some tests run Millrace as one.
  const node = join(results, major, basename(fetched));
  linkTo(node, fetched);
  say(`testing with Node ${major}.`);
  const output = join(results, `${major}.json`);
  const args = [
    at('node_modules', 'jest', 'bin', 'jest.js'),
    '--json',
    `--outputFile=${output}`,
    ...patterns,
  ];
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  // What is the same on every Node is done once.
  if (patterns.length > 0) env.MILLRACE_TEST_PART = 'yes';
  spawnSync(node, args, { cwd: at(), env, stdio: ['ignore', 2, 2] });
  return JSON.parse(readFileSync(output, 'utf8'));
}

/** Short faults chosen at random, others each day, by a seed that makes the same choices again. @returns what awaits how many were found, and counts them */
function chaos() {
  const output = join(results, 'chaos.txt');
  const file = openSync(output, 'w');
  const seed = String(Math.floor(Date.now() / 86_400_000));
  const args = [at('dist', 'test', 'chaos', 'index.js'), ...SHORT, '--minutes', '3', '--seed', seed];
  const child = spawn(process.execPath, args, { cwd: at(), stdio: ['ignore', file, file] });
  const ended = once(child, 'exit');
  return async () => {
    const [code] = await ended;
    const text = readFileSync(output, 'utf8');
    process.stderr.write(`\n${text}`);
    const lines = (word) => text.split('\n').filter((line) => line.startsWith(word)).length;
    const [fine, found] = [lines('fine '), lines('FOUND ')];
    // Whatever else ended it counts as found; so does a run that has done nothing.
    return { numPassedTests: fine, numFailedTests: Math.max(found, code === 0 && fine > 0 ? 0 : 1) };
  };
}

const ofChaos = chaos();
const runs = [...OTHERS.map((major) => test(major, FAST)), test(WHOLE, [])];
const { numPassedTests: fine, numFailedTests: found } = await ofChaos();
const sum = (count) => runs.reduce((total, run) => total + count(run), 0);
// A suite that could not even be loaded has no tests to count.
const broken = ({ testResults }) =>
  testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .length;
const passed = fine + sum((run) => run.numPassedTests);
const failed = found + sum((run) => run.numFailedTests + broken(run));
const skipped = sum((run) => run.numPendingTests);
console.log(`tests: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || runs.some(({ success }) => !success) ? 1 : 0;
