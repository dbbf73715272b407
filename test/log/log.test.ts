import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load';
import { openLog } from '../../src/log/log';
import { cliPath, type CliRun, startCli } from '../support/cli';
import { eventually } from '../support/eventually';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';

const folder = temporaryFolder();
const dbPath = join(folder, 'log.db');
let redis: TestRedis;
let files = 0;
let file: string;

beforeAll(async () => {
  redis = await testRedis();
  const db = aliasDatabase(dbPath);
  db.exec("INSERT INTO team_aliases VALUES (1, 'madrid')");
  db.close();
});
beforeEach(() => {
  file = join(folder, `${String(++files)}.log`);
});

const logged = (): string => readFileSync(file, 'utf8');
const environment = (): Record<string, string> => ({
  REDIS_URL: redis.url,
  DB_PATH: dbPath,
  HTTP_PORT: '0',
  MILLRACE_ONLY: 'aliases',
  LOG_FILE: file,
});
const address = (text: string): string => /health and metrics: (\S+)/.exec(text)?.[1] ?? '';

/** Waits until the daemon, whose log is the file, has made one more pass. */
async function anotherPass(run: Pick<CliRun, 'ended'>): Promise<void> {
  const passes = () => logged().split('Sync complete').length;
  const before = passes();
  await eventually(() => passes() > before, { alive: run.ended });
}
const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200;

test('a log of many lines has them all in its files when it is closed, in order', async () => {
  const { log: config } = loadConfig({
    LOG_FILE: file,
    LOG_MAX_SIZE: '20KB',
    LOG_FILES: '1000',
    LOG_FORMAT: 'json',
  });
  const log = openLog(config, false, false);
  for (let at = 1; at <= 10_000; at++) log.info(`line ${String(at)}`);
  await log.close();
  const names = readdirSync(folder).filter((name) => name.startsWith(`${String(files)}.log`));
  const inOrder = [...names.filter((name) => join(folder, name) !== file).sort(), `${String(files)}.log`];
  const messages = inOrder
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => (JSON.parse(line) as { message: string }).message);
  expect(messages).toEqual(Array.from({ length: 10_000 }, (_unused, at) => `line ${String(at + 1)}`));
  expect(names.length).toBeGreaterThan(20);
  expect(Math.max(...names.map((name) => statSync(join(folder, name)).size))).toBeLessThanOrEqual(20 * 1024);
});

test('what was logged last is in the file even when the process ends at once', () => {
  const { log: config } = loadConfig({ LOG_FILE: file });
  const script = `
    const { openLog } = require(${JSON.stringify(join(cliPath, '..', 'log', 'log.js'))});
    openLog(${JSON.stringify(config)}).error('the last word');
    process.exit(1);`;
  spawnSync(process.execPath, ['-e', script], { stdio: 'ignore' });
  expect(logged()).toMatch(/ERROR the last word\n$/);
});

test('a LOG_FILE in a folder that does not exist stops the daemon at once, with what to do', () => {
  const { log: config } = loadConfig({ LOG_FILE: join(folder, 'missing', 'a.log') });
  expect(() => openLog(config)).toThrow(
    expect.objectContaining({
      code: 'E_LOG_FILE',
      hint: expect.stringContaining('LOG_FILE') as string,
    }) as Error,
  );
});

test('SIGHUP, as logrotate sends it, ends nothing; and whoever reads its output may go away: the daemon goes on, and its log file too', async () => {
  const run = startCli(['run', '--interval', '1'], environment(), folder);
  await eventually(() => address(run.output()) !== '', { alive: run.ended });
  run.child.kill('SIGHUP');
  await anotherPass(run);
  await anotherPass(run);
  run.child.stdout?.destroy();
  run.child.stderr?.destroy();
  await anotherPass(run);
  await anotherPass(run);
  expect(await isReady(address(logged()))).toBe(true);
  run.child.kill('SIGTERM');
  const { code } = await run.ended;
  expect(code).toBe(0);
  expect(logged()).toMatch(/stopped by user\n$/);
});

test('a log file with no room leaves the daemon in order, is told once on stderr, and goes on when there is room', async () => {
  const limit = 8 * 1024 ** 2;
  writeFileSync(file, '');
  truncateSync(file, limit);
  // A limit on every file of the process stands for the full disk; only the log is that large.
  const command = `ulimit -f $((${String(limit)} / 512)); exec "$0" "$@"`;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('sh', ['-c', command, process.execPath, cliPath, 'run', '--interval', '1'], {
    cwd: folder,
    env: { PATH, HOME, ...environment(), LOG_MAX_SIZE: '0' },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    await eventually(() => stdout.split('Sync complete').length > 3, { alive: ended });
    expect(stderr).toMatch(/^.* ERROR LOG_FILE .* cannot be written at present: EFBIG.*\n$/);
    expect(await isReady(address(stdout))).toBe(true);
    truncateSync(file, 0);
    await eventually(() => /LOG_FILE .* is written again; \d+ lines are missing in it/.test(logged()), {
      alive: ended,
    });
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toBe(0);
});

test('what is told after the close is told to nobody, and ends nothing', async () => {
  const log = openLog(loadConfig({ LOG_FILE: file }).log, false, false);
  log.info('before');
  await log.close();
  log.info('after');
  await new Promise(setImmediate); // winston's error would come as an event
  expect(logged()).toContain('before');
  expect(logged()).not.toContain('after');
});
