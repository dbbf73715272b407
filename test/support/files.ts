import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Paths below a folder of the repository, from its root, with the given ending. */
export const filesBelow = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(__dirname, '..', '..', folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path));
