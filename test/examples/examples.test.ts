import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Millrace } from '../../src/index';
import { useArchive } from '../archive/support/archive';
import { eventually } from '../support/eventually';
import { postgresFolder } from '../support/shared-postgres';

const root = join(__dirname, '..', '..');
const archive = useArchive();
const children = new Set<ChildProcess>();
/** Other users can reach it: root's Postgres runs as one of them. */
const folder = postgresFolder();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs an example with the command its README gives, in an empty folder, and with the stores of this test alone. */
function run(file: string, env: Readonly<Record<string, string>> = stores()) {
  const readme = readFileSync(join(root, 'examples', 'README.md'), 'utf8');
  const row = readme.split('\n').find((line) => line.startsWith(`| [${file}](${file})`));
  const [program = '', path = ''] = /`((?:node|python3) \S+)`/.exec(row ?? '')?.[1]?.split(' ') ?? [];
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program === 'node' ? process.execPath : pythonWithRedis(), [join(root, path)], {
    cwd: folder,
    env: { PATH, HOME, ...env },
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      children.delete(child);
      resolve({ code, output });
    });
  });
  return { child, output: () => output, ended };
}

const stores = () => ({ REDIS_URL: archive.redis.url, POSTGRES_URL: archive.postgres.url });

/** Debian's Python is not always the first in the path. Empty: there is none that can import redis. */
const pythonWithRedis = (): string =>
  ['python3', '/usr/bin/python3'].find((path) => spawnSync(path, ['-c', 'import redis']).status === 0) ?? '';

test('the document’s Python API: statistics of a pass, then continuously until Ctrl+C, and the process ends by itself', async () => {
  await archive.store.createModel({ name: 'first' });
  const example = run('python-api.ts');
  await eventually(() => example.output().includes('Running until'), {
    within: 20_000,
    alive: example.ended,
  });
  expect(example.output()).toContain('Synced: 1 models, 0 datasets');
  for (const name of ['versions', 'runs', 'hyperparams', 'metrics', 'experiments', 'predictions', 'errors']) {
    expect(example.output()).toContain(`${name}: 0`);
  }
  await archive.store.createModel({ name: 'later' });
  await archive.becomes('SELECT name FROM models ORDER BY id', ['first', 'later']);
  example.child.kill('SIGINT');
  expect(await example.ended).toMatchObject({ code: 0 });
});

test('predictions written with ModelStore are watched arriving', async () => {
  const { code, output } = await run('live-predictions.ts').ended;
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/in Postgres: \d+ new records[^]*parked records: 0/),
  ]);
  expect(await archive.lines('SELECT confidence FROM predictions ORDER BY id')).toEqual(['0.93', '0.88']);
});

test('alias tables of one’s own are served', async () => {
  const { REDIS_URL } = stores();
  const { code, output } = await run('aliases.ts', { REDIS_URL }).ended;
  expect([code, output]).toEqual([0, '2 aliases\nalias:club:rmcf ["1","8"]\n']);
});

test('everything runs with one call, needs no configuration, and is gone afterwards', async () => {
  const { code, output } = await run('embedded.ts', {}).ended;
  expect([code, output]).toEqual([
    0,
    expect.stringMatching(/^Redis redis:\/\/:…@127.*:…@127.*\nIn step: \d\d+ aliases, 0 parked records\n$/),
  ]);
  const port = /@127\.0\.0\.1:(\d+)/.exec(output)?.[1] ?? '';
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
}, 60_000);

const python = pythonWithRedis();
if (python === '') {
  process.stderr.write(
    '\nSKIPPED: examples/writer.py was not run, for no python3 here can import redis. Install it: apt-get install python3-redis\n\n',
  );
}
(python === '' ? test.skip : test)('what a Python writer calls by redis-py arrives', async () => {
  const { redis, postgres } = archive;
  await using millrace = new Millrace({ only: 'archive', redisUrl: redis.url, postgresUrl: postgres.url });
  await millrace.start();
  await eventually(() => millrace.status()?.ready);
  const { code, output } = await run('writer.py').ended;
  expect([code, output]).toEqual([0, 'model 1, version 1, run 1, predictions 1 to 100\n']);
  await archive.becomes('SELECT name, framework, description FROM models', ['ResNet50-Python|pytorch|نمونه']);
  await archive.becomes("SELECT count(*), min(output_data::jsonb ->> 'label') FROM predictions", ['100|cat']);
  await archive.becomes('SELECT count(*) FROM metrics', ['3']);
});

test('every program is in the README, and every one of these is run here', () => {
  const files = readdirSync(join(root, 'examples')).filter((name) => /\.(?:ts|py)$/.test(name));
  const tests = readFileSync(__filename, 'utf8');
  for (const file of files) expect(tests).toContain(`run('${file}'`);
});
