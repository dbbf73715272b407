import { readDotenv } from './dotenv-file';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment on top of `.env` in the working directory, if there is one. @throws E_CONFIG (fatal) */
export function readEnvironment(directory = process.cwd()): Environment {
  const file = readDotenv(directory);
  return file === undefined ? process.env : { ...file, ...process.env };
}
