import { existsSync, rmSync } from 'node:fs';

const MAX_ROUNDS = 1000;

/** With all that is in it, though others remove it at the same time: there rmSync of Node 24 and later ends half-way, without a word. */
export function removeFolder(folder: string): void {
  for (let round = 0; existsSync(folder) && round < MAX_ROUNDS; round++) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
