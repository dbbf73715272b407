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

/** Left by installations that were killed. */
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
    // Something is there: another process was quicker (use its), or what is there is broken (replace it).
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
 * Makes a folder in the cache. It appears under its name only when complete, so neither a kill half-way nor a second
 * process installing the same leaves or sees a half-filled one.
 */
export async function installOnce(installation: Installation): Promise<void> {
  const cacheDir = dirname(installation.target);
  mkdirSync(cacheDir, { recursive: true });
  removeAbandoned(cacheDir);
  const folder = mkdtempSync(join(cacheDir, PREFIX));
  try {
    await installation.fill(folder);
    // mkdtemp makes it private; the server may have to run as another user than the one who installed it.
    chmodSync(folder, 0o755);
    await moveToTarget(folder, installation);
  } finally {
    removeFolder(folder);
  }
}
