import { accessSync, chmodSync, constants, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

function preferredCacheDir(): string {
  if (process.platform === 'win32') {
    return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'millrace');
  }
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'millrace');
  const xdg = process.env['XDG_CACHE_HOME'];
  return join(xdg === undefined || xdg === '' ? join(homedir(), '.cache') : xdg, 'millrace');
}

function isUsable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Programs in the cache are run, so a folder that anybody could have put into the shared temporary directory before
 * us is not trusted: it must be a real folder, ours, and closed to others.
 */
function temporaryCacheDir(): string {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `millrace-cache-${uid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    if (found.isDirectory() && (process.getuid === undefined || found.uid === uid)) {
      chmodSync(folder, 0o700);
      return folder;
    }
  } catch {
    // Somebody else's file or folder has that name.
  }
  return mkdtempSync(join(tmpdir(), 'millrace-cache-'));
}

/** Where downloaded programs are kept between runs: the platform's cache folder, else one in the temporary directory. */
export function defaultCacheDir(): string {
  const preferred = preferredCacheDir();
  return isUsable(preferred) ? preferred : temporaryCacheDir();
}
