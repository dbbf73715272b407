import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/foundation/package-root';
import type { Mutant } from './mutants';

/** Makes a copy of the built package that is broken so. @returns its command line @throws when there is no longer what is to be broken */
export function makeMutant({ name, changes }: Mutant, folder: string): string {
  for (const part of ['package.json', 'dist/src', 'src', 'migrations', 'triggers', 'mappings']) {
    cpSync(join(packageRoot, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, from, to] of changes) {
    const file = join(folder, path);
    const [before = '', after, ...more] = readFileSync(file, 'utf8').split(from);
    if (after === undefined || more.length > 0)
      throw new Error(`${name}: what is to be broken is not in ${path}, or twice`);
    writeFileSync(file, before + to + after);
  }
  return join(folder, 'dist', 'src', 'cli.js');
}
