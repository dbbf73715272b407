import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newPackages } from '../../../src/embedded/redis/apt-download';
import { findRedisServer } from '../../../src/embedded/redis/redis-binary';
import { checkRedisServer } from '../../../src/embedded/redis/redis-server-check';

const folder = mkdtempSync(join(tmpdir(), 'millrace-binary-'));
const environment = { ...process.env };

afterEach(() => {
  process.env = { ...environment };
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program that says what redis-server --version says, in a folder of its own, which is returned. */
function fakeServer(name: string, script: string): string {
  const home = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(home, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(home, name), 0o755);
  return home;
}

const MODERN = 'echo "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"';
const OLD = 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=0"';
const BROKEN =
  'echo "redis-server: error while loading shared libraries: liblzf.so.1: cannot open" >&2; exit 127';

const onPosix = process.platform === 'win32' ? describe.skip : describe;

onPosix('findRedisServer', () => {
  it('takes the first server on PATH that runs and is new enough', async () => {
    const good = fakeServer('valkey-server', MODERN);
    const path = [fakeServer('redis-server', OLD), fakeServer('redis-server', BROKEN), good].join(':');
    process.env['PATH'] = path;
    const server = await findRedisServer({ cacheDir: join(folder, 'unused') });
    expect(server).toEqual({ path: join(good, 'valkey-server'), env: {}, version: '8.1.1', origin: 'PATH' });
    expect(existsSync(join(folder, 'unused'))).toBe(false);
  });

  it('says what it tried, and how to get a server, when there is no way to one', async () => {
    // Neither apt-get nor getconf is on this PATH, so the packages are out of reach.
    process.env['PATH'] = fakeServer('redis-server', OLD);
    const finding = findRedisServer({ cacheDir: join(folder, 'none') });
    const hint = expect.stringMatching(/REDIS_URL.*apt-get install.*brew install/) as unknown;
    await expect(finding).rejects.toMatchObject({ code: 'E_NO_REDIS', kind: 'fatal', hint });
    await expect(finding).rejects.toThrow(/6\.0\.16.*7 is the oldest.*apt-get/);
  });

  it('names the library that a server lacks', async () => {
    const path = join(fakeServer('redis-server', BROKEN), 'redis-server');
    const problem = expect.stringContaining('needs the library liblzf.so.1') as unknown;
    expect(await checkRedisServer(path, 'PATH')).toEqual({ problem });
  });
});

describe('newPackages', () => {
  it('lists what apt would install, and leaves out what it would upgrade', () => {
    const simulation = [
      'The following NEW packages will be installed:',
      'Inst libc6 [2.36-9] (2.36-10 Debian:12 [amd64])',
      'Inst liblzf1 (3.6-3 Debian:12 [amd64])',
      'Inst redis-tools (5:7.0.15-1 Debian:12 [amd64])',
      'Conf liblzf1 (3.6-3 Debian:12 [amd64])',
    ];
    expect(newPackages(simulation.join('\n'))).toEqual(['liblzf1', 'redis-tools']);
  });
});
