import { writeFileSync } from 'node:fs';
import { describeError, fatal } from '../foundation/errors';

/**
 * Writes a file that is not there yet.
 * @throws E_FILE_EXISTS, E_FILE_CANNOT_WRITE (fatal)
 */
export function writeNewFile(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    const { code, message } = describeError(error);
    if (code === 'EEXIST') throw fileExists(path);
    throw fatal(`${path} cannot be written: ${message}`, {
      code: 'E_FILE_CANNOT_WRITE',
      cause: error,
      hint: 'Grant it, name another file by MILLRACE_CONFIG, or print the file: `millrace config init --stdout`.',
    });
  }
}

export const fileExists = (path: string) =>
  fatal(`${path} is there already, and stays as it is`, {
    code: 'E_FILE_EXISTS',
    hint: '`millrace config init --stdout` prints what it would propose; `millrace config plan` says what the file does.',
  });
