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
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { packageRoot } from '../../src/package-root';

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

function setUp(root: string, env: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [join(root, 'src', 'setup.mjs')], options);
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
    const npm = join(root, 'npm-cli.js');
    writeFileSync(npm, 'console.error("gyp ERR!", ...process.argv.slice(2)); process.exit(1);');
    const { status, stderr } = setUp(root, { npm_execpath: npm });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /gyp ERR! install --no-save[^]*could not be installed[^]*apt-get install python3 make g\+\+[^]*xcode-select/,
    );
    expect(stderr).not.toMatch(/^\s+at .*setup/m);
  });
});
