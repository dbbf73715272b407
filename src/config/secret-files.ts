import type { Environment } from './environment';
import { describeError } from '../foundation/errors';
import { type Option, options } from './options';
import { readTextFile } from '../foundation/text-file';

/**
 * A secret NAME may be given as NAME_FILE instead, the path of a file whose content is the value: credentials of systemd (LoadCredential)
 * and secrets of Docker and Kubernetes come as files, which no child process inherits and no list of processes shows.
 * @returns the environment with those values, and the problems, which quote nothing of a file
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
      // Editors end a file with a newline, which is not part of the value.
      const value = readTextFile(path).replace(/\r?\n$/, '');
      if (value.trim() === '') problems.push(`${where} is empty`);
      read[env] = value;
    } catch (error) {
      problems.push(`${where} cannot be read: ${describeError(error).message}`);
    }
  }
  return { environment: { ...environment, ...read }, problems };
}
