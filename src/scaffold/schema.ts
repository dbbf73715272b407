import { join, relative, sep } from 'node:path';
import { packageRoot } from '../foundation/package-root';

const file = 'mappings/millrace.schema.json';

/** Where editors find the schema of the file: in the package if that is below the folder, as in a project that has it installed. */
export function schemaFrom(folder: string): string {
  const path = relative(folder, join(packageRoot, file));
  return path.startsWith('..') || path.startsWith(sep) || /^[A-Za-z]:/.test(path)
    ? `https://raw.githubusercontent.com/millrace-sync/millrace/main/${file}`
    : `./${path.replaceAll(sep, '/')}`;
}
