import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** 192 bits, in characters that need no escaping in a URL, in a configuration file, or in SQL. */
export const newPassword = (): string => randomBytes(24).toString('base64url');

/** Makes a folder that nobody else may enter; those above it are anybody's: a server that runs as another user has to get through. */
export function makePrivateFolder(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Only its owner may read it. What stood there under that name, a link say, is replaced and never written through. */
export function writeSecret(path: string, text: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  writeFileSync(unfinished, text, { mode: 0o600, flag: 'wx' });
  renameSync(unfinished, path);
}

/** undefined: there is none. */
export function readSecret(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
