/**
 * Which tests are fast is not written down anywhere: it is read from what they import. A test is slow when it, or what it imports
 * from test/, imports one of these.
 */
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { dirname, join, relative, resolve } = require('node:path');

const root = resolve(__dirname, '..', '..');
/** Processes, and Millrace with stores. */
const slow = /^(node:)?child_process$|^playwright-core$|^src\/(embedded|daemon)\//;

/** What a file imports to run it: what it imports for its types alone is not there then. */
const importsOf = (path) =>
  [
    ...readFileSync(join(root, path), 'utf8').matchAll(
      /^(?:import|export) (?!type\b)(?:[\w*{][^;']*? from )?'([^']+)'|\b(?:import|require|requireActual)(?:<[^(]*>)?\('([^']+)'/gm,
    ),
  ].map(([, from, called]) => from ?? called);

const isFile = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile() === true;

/** From the root, with the ending that is there; what is no file of the repository stays as it is. */
function resolved(name, importer) {
  if (!name.startsWith('.')) return name;
  const path = relative(root, resolve(root, dirname(importer), name));
  return ['', '.ts', '.js', '.cjs', '.mjs'].map((ending) => path + ending).find(isFile) ?? path;
}

/** @returns the way from a test to what makes it slow; undefined: it is fast */
function wayToSlow(path, seen = new Set()) {
  if (slow.test(path)) return [path];
  if (!path.startsWith('test/') || !isFile(path) || seen.has(path)) return undefined;
  seen.add(path);
  for (const name of importsOf(path)) {
    const way = wayToSlow(resolved(name, path), seen);
    if (way !== undefined) return [path, ...way];
  }
  return undefined;
}

const tests = () =>
  readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join('test', path));

/** In full, as Jest wants them. */
const fastTests = () =>
  tests()
    .filter((path) => wayToSlow(path) === undefined)
    .map((path) => join(root, path));

module.exports = { fastTests, tests, wayToSlow };
