import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** 192 bits, in characters that need no escaping in a URL, in a configuration file, or in SQL. */
export const newPassword = (): string => randomBytes(24).toString('base64url');

/** Makes a folder that nobody else may enter. Folders above it stay open: a server that runs as another user has to get through. */
export function makePrivateFolder(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Writes a file that only its owner may read. Whatever is at the path, a link say, is replaced, and not written through. */
export function writeSecret(path: string, text: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' });
  renameSync(unfinished, path);
}

/** The text of the file; undefined: there is none. */
export function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
