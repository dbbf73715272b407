import type { Environment } from './environment';
import { describeError } from '../foundation/errors';
import { type Option, options } from './options';
import { readTextFile } from '../foundation/text-file';

/**
 * A secret NAME may be given as NAME_FILE instead, a path whose content is the value: credentials of systemd (LoadCredential), secrets of
 * Docker and Kubernetes come as files, which no child process inherits and no listing of processes shows.
 * @returns the environment with those values, and what is wrong. Nothing of a file's content is in a problem.
 */
export function readSecretFiles(environment: Environment): {
  readonly environment: Environment;
  readonly problems: string[];
} {
  const problems: string[] = [];
  const read: Record<string, string> = {};
  for (const { env, secret } of Object.values<Option>(options)) {
    const path = environment[`${env}_FILE`]?.trim() ?? '';
    if (secret !== true || path === '') continue;
    const where = `${env}_FILE="${path}"`;
    if ((environment[env] ?? '').trim() !== '') {
      problems.push(`${where} and ${env} are both set: keep one of them`);
      continue;
    }
    try {
      // Editors end a file with a newline, which is not meant.
      const value = readTextFile(path).replace(/\r?\n$/, '');
      if (value.trim() === '') problems.push(`${where} is empty`);
      read[env] = value;
    } catch (error) {
      problems.push(`${where} cannot be read: ${describeError(error).message}`);
    }
  }
  return { environment: { ...environment, ...read }, problems };
}
