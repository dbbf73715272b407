import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Windows finds programs by extension; .cmd and .bat are left out, for Node does not start those without a shell. */
function extensions(): readonly string[] {
  if (process.platform !== 'win32') return [''];
  const listed = (process.env['PATHEXT'] ?? '.EXE').toLowerCase().split(';');
  return listed.filter((extension) => extension === '.exe' || extension === '.com');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Absolute paths of the programs on PATH with one of these names, by name, then in the order of PATH. */
export function programsOnPath(names: readonly string[]): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = names.flatMap((name) =>
    folders.flatMap((folder) => extensions().map((extension) => resolve(join(folder, name + extension)))),
  );
  return [...new Set(found)].filter(isProgram);
}
