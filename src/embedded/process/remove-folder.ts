import { existsSync, rmSync } from 'node:fs';

const MAX_ROUNDS = 1000;

/** Removes a folder with all its contents, even while others do the same: rmSync of Node 24 and later then silently stops half-way. */
export function removeFolder(folder: string): void {
  for (let round = 0; existsSync(folder) && round < MAX_ROUNDS; round++) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
