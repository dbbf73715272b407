import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** 192 bits, in characters that need no escaping in a URL, in a configuration file, or in SQL. */
export const newPassword = (): string => randomBytes(24).toString('base64url');

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
