import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { filesBelow } from '../support/files';
import { temporaryFolder } from '../support/stores';

const root = join(__dirname, '..', '..');
const folder = temporaryFolder();
const installed = join(folder, 'node_modules', 'millrace');

interface Locked {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** What `npm install <tarball>` would leave, but for the copies: the packed files, and links to what is no development dependency. */
beforeAll(() => {
  mkdirSync(installed, { recursive: true });
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as { filename: string }[];
  execFileSync('tar', [
    '-xzf',
    join(folder, packed?.filename ?? ''),
    '-C',
    installed,
    '--strip-components=1',
  ]);
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Locked;
  for (const [path, { dev }] of Object.entries(packages)) {
    if (dev === true || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(root, path), join(folder, path));
  }
}, 60_000);

const run = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [...args], { cwd: folder })).stdout.trim();

const use = `console.log(typeof Millrace, typeof ModelStore, typeof MillraceError, new Millrace({ only: 'aliases' }).running)`;
const used = 'function function function false';

test('installed from its tarball it can be required and imported, and has its command', async () => {
  const names = '{ Millrace, ModelStore, MillraceError }';
  expect(await run('-e', `const ${names} = require('millrace'); ${use}`)).toBe(used);
  expect(await run('--input-type=module', '-e', `import ${names} from 'millrace'; ${use}`)).toBe(used);
  expect(await run(join(installed, 'dist', 'src', 'cli.js'), '--version')).toMatch(/^\d+\.\d+\.\d+$/);
});

test('stopped, or not even started, it keeps nothing open: the process ends by itself', async () => {
  const millrace = `const { Millrace } = require('millrace'); const m = new Millrace`;
  const nowhere = `{ redisUrl: 'redis://127.0.0.1:1', postgresUrl: 'postgresql://u@127.0.0.1:1/x', dbPath: 'none.db' }`;
  const ends = await Promise.all([
    run('-e', `${millrace}(${nowhere}); m.fullSync().catch(({ code }) => console.log(code))`),
    run('-e', `${millrace}(${nowhere}); m.start().catch(({ code }) => console.log(code))`),
    run(
      '-e',
      `${millrace}({ ...${nowhere}, only: 'archive' }); m.start().then(() => m.stop()).then(() => console.log('stopped'))`,
    ),
    run(
      '-e',
      `${millrace}({ ...${nowhere}, only: 'archive', httpHost: 'nowhere.invalid' }); m.start().catch(({ code }) => console.log(code))`,
    ),
  ]);
  expect(ends).toEqual(['E_PG_UNREACHABLE', 'E_DB_MISSING', 'stopped', 'E_HTTP_PORT']);
  const aloud = `{ ...${nowhere}, only: 'aliases', log: 'console' }`;
  const banner = await run('-e', `${millrace}(${aloud}); m.start().catch(() => undefined)`);
  expect(banner).toContain('Redis Alias Sync Service');
});

test('the tarball has every Lua and SQL file that is read at run time, and no sources, tests or examples', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  for (const asset of [
    ...filesBelow('src', '.lua'),
    ...filesBelow('src', '.sql'),
    ...filesBelow('migrations', '.sql'),
  ])
    expect(files).toContain(asset);
  expect(files.filter((path) => /^(test|bench|examples|dist\/(test|bench|examples))\b/.test(path))).toEqual(
    [],
  );
});

/** The blocks of a document that import from 'millrace', each a program of its own. */
const blocksOf = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);

test('strict TypeScript programs compile against it, those of the documents among them, without skipping its declarations', async () => {
  const documents = ['README.md', ...filesBelow('docs', '.md')];
  const programs = documents.flatMap((path) => blocksOf(path).map((code) => [path, code] as const));
  expect(programs.filter(([path]) => path === join('docs', '05-library.md')).length).toBeGreaterThan(4);
  programs.forEach(([path, code], index) => {
    const name = `${path.replace(/\W/g, '-')}-${index}.mts`;
    writeFileSync(join(folder, name), `// ${path}\n${code}\nexport {};\n`);
  });
  writeFileSync(
    join(folder, 'commonjs.cts'),
    `import { Millrace, type MillraceOptions, type MillraceStatus, type PipelineEvent } from 'millrace';
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
`,
  );
  const compilerOptions = {
    ...{ strict: true, module: 'nodenext', target: 'es2022', lib: ['es2023'], types: ['node'] },
    ...{ noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true },
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['*.mts', '*.cts'] }),
  );
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const errors = await run(tsc, '-p', folder).catch((error: unknown) => (error as { stdout: string }).stdout);
  expect(errors).toBe('');
}, 90_000);
