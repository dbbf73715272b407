import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { callInChild, killChildren } from '../child';

const folder = mkdtempSync(join(tmpdir(), 'millrace-cache-dir-'));

afterAll(() => {
  killChildren();
  rmSync(folder, { recursive: true, force: true });
});

/** In a process of its own, because Node reads HOME and TMPDIR from the real environment, which Jest keeps from tests. */
async function cacheDir(env: NodeJS.ProcessEnv): Promise<unknown> {
  const child = await callInChild({
    module: 'embedded/process/cache-dir.ts',
    name: 'defaultCacheDir',
    args: [],
    env,
  });
  child.process.stdin.end();
  return child.result;
}

(process.platform === 'linux' ? describe : describe.skip)('defaultCacheDir', () => {
  it('is below XDG_CACHE_HOME, else below the home directory', async () => {
    const xdg = { XDG_CACHE_HOME: join(folder, 'xdg'), HOME: folder };
    expect(await cacheDir(xdg)).toBe(join(folder, 'xdg', 'millrace'));
    const home = { XDG_CACHE_HOME: '', HOME: join(folder, 'home') };
    expect(await cacheDir(home)).toBe(join(folder, 'home', '.cache', 'millrace'));
  });

  it('is one private folder in the temporary directory when there is no home to write to', async () => {
    mkdirSync(join(folder, 'tmp'));
    writeFileSync(join(folder, 'a-file'), '');
    const homeless = { XDG_CACHE_HOME: '', HOME: join(folder, 'a-file'), TMPDIR: join(folder, 'tmp') };
    const first = await cacheDir(homeless);
    expect(first).toMatch(new RegExp(`^${join(folder, 'tmp')}/millrace-cache-`));
    expect(await cacheDir(homeless)).toBe(first);
    expect(statSync(String(first)).mode & 0o777).toBe(0o700);
  });
});
