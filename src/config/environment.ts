import { lstatSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readDotenv } from './dotenv-file';
import { mappingsFileName } from './mappings';
import { options } from './options';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The process environment on top of `.env` in the working directory, if there is one; and the file of mappings there, unless another one,
 * or none, is named.
 * @throws E_CONFIG (fatal)
 */
export function readEnvironment(directory = process.cwd()): Environment {
  const file = readDotenv(directory);
  const environment = file === undefined ? process.env : { ...file, ...process.env };
  const mappings = join(directory, mappingsFileName);
  const found =
    environment[options.config.env] === undefined &&
    lstatSync(mappings, { throwIfNoEntry: false }) !== undefined;
  // Named as a person in this folder would: it stands before each of its problems.
  return found ? { ...environment, [options.config.env]: relative(process.cwd(), mappings) } : environment;
}
