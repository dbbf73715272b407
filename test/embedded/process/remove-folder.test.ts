import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { removeFolder } from '../../../src/embedded/process/remove-folder';
import { temporaryFolder } from '../../support/temporary-folder';

const root = temporaryFolder();

function fill(folder: string): void {
  for (let i = 0; i < 50; i++) {
    const inner = join(folder, 'data', String(i));
    mkdirSync(inner, { recursive: true });
    for (let j = 0; j < 20; j++) writeFileSync(join(inner, String(j)), '');
  }
}

test('removes all of it, though another process removes the same files', async () => {
  for (let round = 0; round < 3; round++) {
    const folder = join(root, String(round));
    fill(folder);
    const other = spawn('rm', ['-rf', join(folder, 'data')]);
    const ended = once(other, 'exit');
    await once(other, 'spawn');
    removeFolder(folder);
    expect(existsSync(folder)).toBe(false);
    await ended;
  }
});

test('what is not there is removed already', () => {
  expect(() => removeFolder(join(root, 'none'))).not.toThrow();
});
