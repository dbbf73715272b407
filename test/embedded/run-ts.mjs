/**
 * node run-ts.mjs <module> <function> <arguments as JSON>: calls a function of src/ in a process of its own, from the
 * TypeScript sources, prints what it returned as JSON, and stays until killed or until its stdin ends.
 */
import Module, { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { transformFileSync } = require('@swc/core');

Module._extensions['.ts'] = (module, filename) => {
  const jsc = { target: 'es2023', parser: { syntax: 'typescript' } };
  module._compile(
    transformFileSync(filename, { jsc, module: { type: 'commonjs' }, swcrc: false }).code,
    filename,
  );
};

const [, , path, name, args] = process.argv;
const result = await require(path)[name](...JSON.parse(args));
console.log(JSON.stringify(result));
process.stdin.resume();
