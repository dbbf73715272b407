import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import { Command } from 'commander';
import { z } from 'zod';
import { verbsFor } from '../src/commands/verbs';
import { type CliRun, firstPass, startCli } from './support/cli';
import { eventually } from './support/eventually';
import { startDaemon } from './support/daemon';
import { runCli } from './support/run-cli';
import { aliasDatabase } from './support/alias-database';
import { temporaryFolder } from './support/temporary-folder';
import { testRedis, type TestRedis } from './support/stores';

const folder = temporaryFolder();
// Where we are root, Postgres runs as another user, who has to get in.
chmodSync(folder, 0o755);
let redis: TestRedis;
let path: string;
let db: Database.Database;
let files = 0;

beforeAll(async () => {
  redis = await testRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
  path = join(folder, `cli-${String(++files)}.db`);
  db = aliasDatabase(path);
  db.exec("INSERT INTO team_aliases VALUES (1, 'madrid'), (8, 'madrid'), (2, 'barca')");
});
afterEach(() => {
  db.close();
});

const environment = () => ({ REDIS_URL: redis.url, DB_PATH: path, HTTP_PORT: '0', MILLRACE_ONLY: 'aliases' });
const cli = (args: readonly string[], env: Record<string, string> = environment(), cwd = folder): CliRun =>
  startCli(args, env, cwd);
/** Where the process is not what is asked about. */
const inProcess = (args: readonly string[], env: Record<string, string> = environment(), cwd = folder) =>
  runCli(args, env, cwd);
const time = String.raw`\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\]`;

test('run --once prints what the document shows, syncs, installs nothing and exits 0', async () => {
  const { code, output } = await cli(['run', '--once']).ended;
  expect(output).toMatch(
    new RegExp(
      `^Running one-time sync...\n${time} Starting sync...\n✓ Sync complete:\n  - Total aliases: 2\n  - Added: 2\n  - Updated: 0\n  - Deleted: 0\n  - Duration: .*s\n\nDone.\n$`,
    ),
  );
  expect(code).toBe(0);
  expect(await redis.client.get('alias:team:madrid')).toBe('["1","8"]');
  expect(db.prepare("SELECT count(*) FROM sqlite_master WHERE name LIKE 'millrace%'").pluck().get()).toBe(0);
  const again = await inProcess(['run', '--once']);
  expect(again.output).toContain('  - No changes detected\n');
});

test('run prints the document’s banner and the farewell of Ctrl+C', async () => {
  const run = cli(['run', '--interval', '120', '--only', 'aliases']);
  await firstPass(run);
  run.child.kill('SIGINT');
  const { code, output } = await run.ended;
  const line = '='.repeat(60);
  expect(output).toMatch(
    new RegExp(
      `^${line}\nRedis Alias Sync Service\n${line}\nDatabase: .*cli-.*db\nRedis: 127.0.0.1:\\d+\nSync interval: 120 seconds \\(2 minutes\\).*\nStarted at: .*\n${line}\n`,
    ),
  );
  expect(output).toMatch(/⏹ {2}Sync service stopped by user\n$/);
  expect(code).toBe(0);
});

test('LOG_FORMAT=json gives one object a line and nothing else, and LOG_FILE gets the same lines', async () => {
  const file = join(folder, 'millrace.log');
  const { output } = await inProcess(['run', '--once'], {
    ...environment(),
    LOG_FORMAT: 'json',
    LOG_FILE: file,
  });
  const events = output
    .trim()
    .split('\n')
    .map((line) =>
      z.looseObject({ event: z.string(), level: z.string(), time: z.string() }).parse(JSON.parse(line)),
    );
  expect(events.map((event) => event.event)).toEqual(['once', 'pass.start', 'pass.done', 'done']);
  expect(events[2]).toMatchObject({ total: 2, added: 2, pipeline: 'aliases' });
  expect(existsSync(file)).toBe(true);
});

test('reconcile --dry-run lists each difference and changes nothing; without it they are repaired', async () => {
  await redis.client.mset('alias:team:barca', '["7"]', 'alias:team:gone', '["3"]');
  const before = await redis.client.keys('*');
  const dry = await inProcess(['reconcile', '--dry-run']);
  expect(dry.output).toContain('- alias:team:gone  ["3"] -> (nil)\n');
  expect(dry.output).toContain('~ alias:team:barca  ["7"] -> ["2"]\n');
  expect(dry.output).toContain('+ alias:team:madrid  (nil) -> ["1","8"]\n');
  expect(dry.output).toMatch(
    /Dry run complete:\n {2}- Total aliases: 2\n {2}- Would add: 1\n {2}- Would update: 1\n {2}- Would delete: 1\n/,
  );
  expect(dry.output).not.toMatch(/Sync complete|(Add|Updat|Delet)ed/);
  expect(dry.code).toBe(3);
  expect((await redis.client.keys('*')).sort()).toEqual(before.sort());
  expect(await redis.client.get('alias:team:barca')).toBe('["7"]');
  const json = await inProcess(['reconcile', '--json']);
  const report: unknown = JSON.parse(json.output.trim().split('\n').at(-1) ?? '');
  expect(report).toMatchObject({ total: 2, added: 1, updated: 1, deleted: 1, blocked: [] });
  expect((await redis.client.keys('alias:*')).sort()).toEqual(['alias:team:barca', 'alias:team:madrid']);
  const inStep = await inProcess(['reconcile', '--dry-run']);
  expect(inStep.output).toContain('  - No changes detected\n');
  expect(inStep.code).toBe(0);
});

test('a pass that would delete most of a type stops with exit 1 until it is forced; other types are served', async () => {
  const keys = Array.from({ length: 150 }, (_unused, at) => [`alias:team:old ${String(at)}`, '["1"]']).flat();
  await redis.client.mset(keys);
  db.exec("INSERT INTO player_aliases VALUES (5, 'p')");
  const looked = await inProcess(['reconcile', '--dry-run']);
  expect(looked.code).toBe(1);
  expect(looked.output).toContain('! It would stop: the pass would delete 150 of 150 alias:team:* keys');
  const stopped = await inProcess(['reconcile']);
  expect(stopped.code).toBe(1);
  expect(stopped.output).toMatch(/would delete 150 of 150 alias:team:\* keys.*\n.*--force/);
  expect(await redis.client.exists('alias:team:old 1', 'alias:team:madrid')).toBe(1);
  expect(await redis.client.get('alias:player:p')).toBe('["5"]');
  expect((await inProcess(['reconcile', '--force'])).code).toBe(0);
  expect((await redis.client.keys('alias:team:*')).sort()).toEqual(['alias:team:barca', 'alias:team:madrid']);
});

test('capture install, status and uninstall: idempotent, told, and without a trace', async () => {
  const schema = () => db.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY name').all();
  const before = schema();
  expect((await inProcess(['capture', 'status'])).code).toBe(1);
  expect((await inProcess(['capture', 'install'])).output).toContain('Complete; last change: 1');
  const installed = schema();
  expect((await inProcess(['capture', 'install'])).output).toContain('complete already');
  expect(schema()).toEqual(installed);
  const status = await inProcess(['capture', 'status', '--json']);
  expect(JSON.parse(status.output)).toMatchObject({ complete: true, gaps: [], head: { seq: 1 } });
  expect((await inProcess(['capture', 'uninstall'])).code).toBe(0);
  expect(schema()).toEqual(before);
});

test('status tells the daemon’s word while one runs and the stores’ word when none does', async () => {
  const port = String(20_000 + (process.pid % 10_000));
  const env = { ...environment(), HTTP_PORT: port };
  const none = await inProcess(['status'], env);
  expect(none.output).toContain('none answers');
  expect(none.code).toBe(1);
  const daemon = await startDaemon(env);
  const told = await inProcess(['status', '--json'], env);
  expect(JSON.parse(told.output)).toMatchObject({
    daemon: { ready: true, aliases: { mode: 'tail', lagRecords: 0, lastPass: { total: 2 } } },
  });
  expect(told.code).toBe(0);
  await daemon.stop();
  db.exec("INSERT INTO team_aliases VALUES (3, 'later')");
  const after = await inProcess(['status', '--json'], env);
  expect(JSON.parse(after.output)).toMatchObject({
    daemon: null,
    stores: { aliases: { lagRecords: 1, inStep: false } },
  });
});

test('doctor finds what is wrong, says what to do, and is content when all is well', async () => {
  const first = await inProcess(['doctor']);
  expect(first.code).toBe(1);
  expect(first.output).toMatch(/✗ the capture is incomplete: .*\n {4}→ .*capture install/);
  expect(first.output).toMatch(/✗ drift: 2 keys missing.*\n {4}→ .*reconcile/);
  const daemon = await startDaemon(environment());
  const well = await inProcess(['doctor']);
  expect(well.output).not.toContain('✗');
  expect(well.code).toBe(0);
  await daemon.stop();
});

test('.env in the working folder is read, the environment beats it, and a flag beats both', async () => {
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(join(home, '.env'), `DB_PATH=/nowhere.db\nREDIS_URL=${redis.url}\nMILLRACE_ONLY=aliases\n`);
  expect((await inProcess(['run', '--once'], {}, home)).output).toContain('/nowhere.db does not exist');
  const env = { DB_PATH: '/elsewhere.db' };
  expect((await inProcess(['run', '--once'], env, home)).output).toContain('/elsewhere.db does not exist');
  expect((await inProcess(['run', '--once', '--db', path], env, home)).code).toBe(0);
});

/** What Node itself would say of a fault, or of something that we should not do. */
const nodes = /^\s+at |\(node:|^node:/m;

/**
 * Each verb once as what it is, a process, beside a daemon with servers of its own: it ends by itself, with its code (undefined: of a
 * client that may not be on this machine), and prints what it has to say and nothing of Node's. What else it does and says is asked of it
 * in the process of the tests: see runCli.
 */
const asProcesses: readonly (readonly [args: readonly string[], code: number | undefined, says: RegExp])[] = [
  [['run', '--embedded'], 1, /is running here already/],
  [['status'], 0, /^Archive|archive /m],
  [['status', '--json'], 0, /^\{"daemon":\{/],
  [['doctor'], 0, /✓ /],
  [['reconcile'], 0, /Sync complete[^]*=== Sync Complete/],
  [['trace', 'alias:team:nothing'], 1, /→ Neither in team_aliases nor in Redis/],
  [['dead-letters', 'list'], 0, /^Nothing is parked\.\n/],
  [['retention', '--days', '90'], 0, /0 predictions/],
  [['warm', '--dry-run'], 0, /Dry run: nothing was changed|nothing to put back/],
  [['migrate'], 0, /everything is in place already/],
  [['capture', 'status'], 0, /Complete; last change/],
  [['config', 'plan'], 0, /has all that the records need\nNothing to do\./],
  [['pause'], 0, /aliases: paused[^]*archive: paused/],
  [['resume'], 0, /aliases: goes on[^]*archive: goes on/],
  [['psql', '-c', 'SELECT current_user'], undefined, /millrace_owner|there is no psql/],
  [['redis-cli', 'GET', 'alias:team:nothing'], undefined, /^\s*$|there is no redis-cli/],
  [['support-bundle', 'bundle.gz'], 0, /bundle\.gz/],
  [['completion', 'bash'], 0, /_millrace/],
];

/** What everybody who may list processes sees. */
const argumentsOfAll = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8')];
      } catch {
        return []; // ended meanwhile
      }
    });

test('--embedded starts both servers, makes a sample, serves the other verbs of the folder, tells nobody the passwords, and stops with the daemon', async () => {
  const home = join(folder, 'embedded');
  mkdirSync(home);
  const logFile = join(home, 'millrace.log');
  const settings = { LOG_FILE: logFile, LOG_LEVEL: 'debug', HTTP_PORT: '0' };
  const run = cli(['run', '--embedded'], settings, home);
  await eventually(() => expect(run.output()).toContain('See changes travel'), {
    alive: run.ended,
    within: 30_000,
  });
  await firstPass(run);
  expect(readdirSync(home)).toContain('sports_data.db');
  const verb = async (...args: readonly string[]) => cli(args, {}, home).ended;
  const url = /dashboard, health and metrics: (\S+)/.exec(run.output())?.[1] ?? '';
  const paths = ['', 'status', 'readyz', 'metrics', 'api/access', 'api/history', 'api/dead-letters'];
  const ends = [];
  for (const [args, code, says] of asProcesses) {
    const { output, ...end } = await verb(...args);
    expect({ args, output, ...end }).toMatchObject({
      output: expect.stringMatching(says) as string,
      code: code ?? (expect.any(Number) as number),
    });
    expect(output).not.toMatch(nodes);
    ends.push({ args, output });
  }
  // It may be too busy to answer one of them in time.
  await eventually(async () => expect((await inProcess(['status'], {}, home)).output).toContain('in order'));
  const program = new Command();
  for (const add of await verbsFor()) add(program, () => Promise.resolve());
  const elsewhere = ['demo']; // in test/demo
  expect([...new Set(ends.map(({ args }) => args[0]))].sort()).toEqual(
    program.commands
      .map((one) => one.name())
      .filter((name) => !elsewhere.includes(name))
      .sort(),
  );

  // Whoever may look at us finds the passwords nowhere.
  const said = [
    ...[readFileSync(logFile, 'utf8'), ...argumentsOfAll(), ...ends.map(({ output }) => output)],
    ...(await Promise.all(paths.map(async (path) => (await fetch(`${url}/${path}`)).text()))),
    gunzipSync(readFileSync(join(home, 'bundle.gz'))).toString(),
  ];
  const secrets = ['redis', 'postgres'].map((name) =>
    readFileSync(join(home, '.millrace', name, 'password'), 'utf8').trim(),
  );
  run.child.kill('SIGTERM');
  expect((await run.ended).code).toBe(0);
  for (const secret of secrets) expect(secret.length).toBeGreaterThan(15);
  for (const secret of secrets)
    for (const text of [...said, run.output()]) expect(text).not.toContain(secret);
}, 120_000);
