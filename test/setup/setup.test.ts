import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packageRoot } from '../../src/foundation/package-root';
import { OLD_NODE } from '../support/old-node';

const folder = mkdtempSync(join(tmpdir(), 'millrace-setup-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Without the type declarations of Node the compiler needs a fraction of the time. */
const TSCONFIG = {
  compilerOptions: {
    ...{ rootDir: '.', outDir: 'dist', incremental: true, tsBuildInfoFile: 'dist/.tsbuildinfo' },
    ...{ module: 'node16', target: 'ES2023', lib: ['ES5'], types: [], strict: true, skipLibCheck: true },
  },
  include: ['src'],
};

/** A checkout with two small sources, the real set-up script and the real packages. */
function checkout(name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'src'), { recursive: true });
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'src/setup.mjs']) {
    copyFileSync(join(packageRoot, file), join(root, file));
  }
  cpSync(join(packageRoot, 'src', 'setup'), join(root, 'src', 'setup'), { recursive: true });
  symlinkSync(join(packageRoot, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'tsconfig.build.json'), JSON.stringify(TSCONFIG));
  for (const source of ['one', 'two']) {
    writeFileSync(join(root, 'src', `${source}.ts`), `export const ${source} = 1;\n`);
  }
  return root;
}

/** Sources are written within the same moment as the build: an hour makes the order certain. */
function age(path: string): void {
  const hourAgo = new Date(Date.now() - 3_600_000);
  utimesSync(path, hourAgo, hourAgo);
}

function setUp(
  root: string,
  env: NodeJS.ProcessEnv = {},
  nodeFlags: readonly string[] = [],
): SpawnSyncReturns<string> {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [...nodeFlags, join(root, 'src', 'setup.mjs')], options);
}

/** packages of the checkout's own, as far as the build needs them: node_modules/.bin is written to. */
function ownPackages(root: string): void {
  const modules = join(root, 'node_modules');
  rmSync(modules);
  mkdirSync(modules);
  for (const name of ['typescript', '.package-lock.json']) {
    symlinkSync(join(packageRoot, 'node_modules', name), join(modules, name));
  }
}

/** In place of npm. @returns the environment that makes set-up use it */
function npmThat(root: string, does: string): NodeJS.ProcessEnv {
  const npm = join(root, 'npm-cli.js');
  writeFileSync(npm, does);
  return { npm_execpath: npm };
}

const SILENT = { status: 0, stdout: '', stderr: '' };

describe('src/setup.mjs', () => {
  it('compiles what changed, and is silent when nothing did', () => {
    const root = checkout('changes');
    const first = setUp(root);
    expect(first).toMatchObject({ status: 0, stdout: '' });
    expect(first.stderr).toContain('compiling');
    expect(setUp(root)).toMatchObject(SILENT);

    writeFileSync(join(root, 'src', 'one.ts'), 'export const one = 11;\n');
    expect(setUp(root).stderr).toContain('compiling');
    expect(readFileSync(join(root, 'dist', 'src', 'one.js'), 'utf8')).toContain('11');
    expect(setUp(root)).toMatchObject(SILENT);
  });

  it('leaves a command that can be run: npx links it once, and a later build makes the file anew', () => {
    const root = checkout('command');
    writeFileSync(join(root, 'src', 'cli.ts'), 'export const cli = 1;\n');
    setUp(root);
    expect(statSync(join(root, 'dist', 'src', 'cli.js')).mode & 0o111).toBe(0o111);
  });

  it('compiles a new source however old, and removes the output of a source that is gone', () => {
    const root = checkout('files');
    setUp(root);
    writeFileSync(join(root, 'src', 'three.ts'), 'export const three = 3;\n');
    age(join(root, 'src', 'three.ts'));
    setUp(root);
    expect(existsSync(join(root, 'dist', 'src', 'three.js'))).toBe(true);

    rmSync(join(root, 'src', 'two.ts'));
    setUp(root);
    expect(existsSync(join(root, 'dist', 'src', 'two.js'))).toBe(false);
    expect(existsSync(join(root, 'dist', 'src', 'three.js'))).toBe(true);
    expect(setUp(root)).toMatchObject(SILENT);
  });

  it('fails as long as there are type errors', () => {
    const root = checkout('errors');
    writeFileSync(join(root, 'src', 'one.ts'), 'export const one: string = 1;\n');
    for (const attempt of [setUp(root), setUp(root)]) {
      expect(attempt.status).toBe(1);
      expect(attempt.stderr).toContain('TS2322');
    }
  });

  it('compiles once when two run at the same time, even where a killed one left its lock', async () => {
    const root = checkout('concurrent');
    mkdirSync(join(root, '.millrace', 'setup.lock'), { recursive: true });
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(join(root, '.millrace', 'setup.lock', 'pid'), String(dead));

    const outputs = await Promise.all(
      [1, 2].map(async () => {
        const child = spawn(process.execPath, [join(root, 'src', 'setup.mjs')]);
        let output = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          output += text;
        });
        expect(await once(child, 'close')).toEqual([0, null]);
        return output;
      }),
    );
    expect(outputs.filter((output) => output.includes('compiling'))).toHaveLength(1);
    expect(existsSync(join(root, '.millrace', 'setup.lock'))).toBe(false);
  });

  it('builds nothing in an installation without devDependencies', () => {
    const root = checkout('production');
    rmSync(join(root, 'node_modules'));
    mkdirSync(join(root, 'dist', 'src'), { recursive: true });
    mkdirSync(join(root, 'node_modules'));
    symlinkSync(
      join(packageRoot, 'node_modules', 'better-sqlite3'),
      join(root, 'node_modules', 'better-sqlite3'),
    );
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const packages = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true);
    const noted = JSON.stringify({ packages: Object.fromEntries(packages) });
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), noted);
    expect(setUp(root)).toMatchObject(SILENT);
  });

  it('says what to do, without a stack trace, when the packages cannot be installed', () => {
    const root = checkout('no-packages');
    rmSync(join(root, 'node_modules'));
    const npm = npmThat(root, 'console.error("ENOTFOUND", ...process.argv.slice(2)); process.exit(1);');
    const { status, stderr } = setUp(root, npm);
    expect(status).toBe(1);
    expect(stderr).toMatch(/ENOTFOUND install --no-save[^]*could not be installed/);
    expect(stderr).not.toMatch(/^\s+at .*setup/m);
  });

  describe('in a Node that is too old', () => {
    const asNode20 = ['--import', `data:text/javascript,${OLD_NODE}`];
    const link = (root: string) => join(root, 'node_modules', '.bin', 'node');
    const PRINTS_THIS_NODE = `
      require('node:fs').appendFileSync(__filename + '.log', process.argv.slice(2).join(' ') + '\\n');
      console.log(${JSON.stringify(process.execPath)});`;

    it('fetches one, puts it where npm looks first, and goes on with it; once', () => {
      const root = checkout('old-node');
      ownPackages(root);
      const npm = npmThat(root, PRINTS_THIS_NODE);
      const first = setUp(root, npm, asNode20);
      expect(first).toMatchObject({ status: 0, stdout: '' });
      expect(first.stderr).toMatch(/needs Node 22 or newer, and this is v20\.0\.0: fetching .*\n.*compiling/);
      expect(statSync(link(root)).size).toBe(statSync(process.execPath).size);
      expect(existsSync(join(root, 'dist', 'src', 'one.js'))).toBe(true);
      expect(readFileSync(`${npm['npm_execpath']}.log`, 'utf8')).toMatch(
        /^exec --yes --package=node-\S+@\d\S+ .*\n$/,
      );

      // What npm runs from now on.
      expect(setUp(root)).toMatchObject(SILENT);
    });

    it('mends the link where the fetched one is gone', () => {
      const root = checkout('dangling');
      ownPackages(root);
      mkdirSync(join(root, 'node_modules', '.bin'));
      symlinkSync(join(root, 'gone'), link(root));
      expect(setUp(root, npmThat(root, PRINTS_THIS_NODE), asNode20).status).toBe(0);
      expect(statSync(link(root)).size).toBe(statSync(process.execPath).size);
    });

    it('keeps the link when the packages are installed anew', () => {
      const root = checkout('keeps');
      ownPackages(root);
      const modules = join(root, 'node_modules');
      mkdirSync(join(modules, '.bin'));
      writeFileSync(link(root), '');
      rmSync(join(modules, '.package-lock.json'));
      const installs = `        const { cpSync, rmSync, symlinkSync, mkdirSync } = require('node:fs');
        if (process.argv.includes('exec')) console.log(process.execPath);
        else if (!process.argv.includes('--dry-run')) {
          rmSync(${JSON.stringify(modules)}, { recursive: true });
          mkdirSync(${JSON.stringify(modules)});
          for (const name of ['typescript', '.package-lock.json'])
            symlinkSync(${JSON.stringify(join(packageRoot, 'node_modules'))} + '/' + name, ${JSON.stringify(modules)} + '/' + name);
        }`;
      expect(setUp(root, npmThat(root, installs)).status).toBe(0);
      expect(statSync(link(root)).size).toBe(statSync(process.execPath).size);
    });

    it('leaves what npm looks for first as it was until the other is there as a whole', () => {
      const root = checkout('whole');
      ownPackages(root);
      mkdirSync(join(root, 'node_modules', '.bin'));
      writeFileSync(link(root), 'as it was');
      // It can neither be linked nor copied: as when the disk is full, or whoever copies is killed.
      const folderAsNode = `console.log(${JSON.stringify(folder)})`;
      expect(setUp(root, npmThat(root, folderAsNode), asNode20).status).toBe(1);
      expect(readFileSync(link(root), 'utf8')).toBe('as it was');
    });

    it('says what to do when it cannot be fetched', () => {
      const root = checkout('no-registry');
      ownPackages(root);
      const { status, stderr } = setUp(root, npmThat(root, 'process.exit(1);'), asNode20);
      expect(status).toBe(1);
      expect(stderr).toContain(
        'could not be fetched, or does not run here. Install a newer Node: https://nodejs.org/',
      );
      expect(existsSync(join(root, '.millrace', 'setup.lock'))).toBe(false);
    });
  });
});
