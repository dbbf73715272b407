import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { packageRoot } from '../../src/foundation/package-root';

/** One known way to get a file of ours wrong: `from` is there once, and becomes `to`. */
export interface Mutant {
  /** From the root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What the file would export. @throws when it has been written anew, and the mutant with it has to be */
export function mutated({ file, from, to }: Mutant): unknown {
  const path = join(packageRoot, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`${file} does not have this once: ${from}`);
  const { code } = transformSync(
    source.replace(from, () => to),
    {
      filename: path,
      module: { type: 'commonjs' },
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    },
  );
  const made = { exports: {} };
  const load = (name: string): unknown =>
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    require(name.startsWith('.') ? resolve(dirname(path), name) : name);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function('module', 'exports', 'require', code)(made, made.exports, load);
  return made.exports;
}
