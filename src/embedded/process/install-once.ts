import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { removeFolder } from './remove-folder';

export interface Installation {
  /** The folder that must exist, complete, afterwards. */
  readonly target: string;
  /** Whether the folder at `target` works. */
  readonly isUsable: () => Promise<boolean>;
  /** Fills an empty folder, which is then moved to `target`; throws when it cannot. */
  readonly fill: (folder: string) => Promise<void>;
}

const PREFIX = 'incoming-';
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/** Removes what killed installations have left. */
function removeAbandoned(cacheDir: string): void {
  for (const name of readdirSync(cacheDir)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(cacheDir, name);
    const found = statSync(folder, { throwIfNoEntry: false });
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED_AFTER_MS) {
      removeFolder(folder);
    }
  }
}

async function moveToTarget(folder: string, installation: Installation): Promise<void> {
  const { target, isUsable } = installation;
  try {
    renameSync(folder, target);
  } catch (error) {
    // The folder is there already: another process was quicker (use its), or the folder is broken (replace it).
    if (await isUsable()) return;
    const broken = mkdtempSync(join(dirname(target), PREFIX));
    try {
      renameSync(target, join(broken, 'broken'));
      renameSync(folder, target);
    } catch {
      if (!(await isUsable())) throw error;
    } finally {
      removeFolder(broken);
    }
  }
}

/**
 * Makes a folder in the cache. It gets its name only when complete: so a kill half-way leaves no half-filled folder, and a second process
 * that installs the same never sees one.
 */
export async function installOnce(installation: Installation): Promise<void> {
  const cacheDir = dirname(installation.target);
  mkdirSync(cacheDir, { recursive: true });
  removeAbandoned(cacheDir);
  const folder = mkdtempSync(join(cacheDir, PREFIX));
  try {
    await installation.fill(folder);
    // mkdtemp makes a private folder, but the server may have to run as another user.
    chmodSync(folder, 0o755);
    await moveToTarget(folder, installation);
  } finally {
    removeFolder(folder);
  }
}
