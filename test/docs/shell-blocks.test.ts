import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestDaemon } from '../support/daemon';
import { startDaemon } from '../support/daemon';
import { emptied } from '../archive/support/in-step';
import { plainModel, plainPrediction, plainVersion } from '../support/plain-writer';
import { compiled } from '../support/cli';
import { testPostgres, type TestPostgres } from '../support/postgres';
import { aliasDatabase } from '../support/alias-database';
import { temporaryFolder } from '../support/temporary-folder';
import { testRedis, type TestRedis } from '../support/stores';
import { type ShellBlock, shellBlocks } from './shell-blocks';

/**
 * Every shell block of README and docs is run as it stands, on servers and a file of the test's own, or says why not in a comment
 * before it (`<!-- not run: why -->`). Programs beside bash are stood in for by shim.cjs.
 */
const root = join(__dirname, '..', '..');
const documents = [
  'README.md',
  'CHANGELOG.md',
  ...markdown('docs'),
  ...markdown('examples'),
  ...markdown('deploy'),
];
const folder = temporaryFolder();
const programs = join(folder, 'bin');
const token = 'a-token-of-the-docs-tests';
let redis: TestRedis;
let postgres: TestPostgres;
let daemon: TestDaemon;
let work: string;
let documentsDone = 0;

function markdown(directory: string): string[] {
  if (!existsSync(join(root, directory))) return [];
  const files = readdirSync(join(root, directory), { recursive: true }).map(String);
  return files.filter((file) => file.endsWith('.md')).map((file) => `${directory}/${file}`);
}

const blocks = (document: string): readonly ShellBlock[] =>
  shellBlocks(readFileSync(join(root, document), 'utf8'));

const runnable = (document: string): readonly ShellBlock[] =>
  blocks(document).filter(({ excuse }) => excuse === undefined);

beforeAll(async () => {
  redis = await testRedis();
  postgres = await testPostgres();
  mkdirSync(programs);
  for (const name of ['millrace', 'npx', 'npm', 'redis-cli', 'psql', 'sqlite3', 'curl']) {
    symlinkSync(join(__dirname, 'shim.cjs'), join(programs, name));
  }
});

test.each(documents.filter((document) => runnable(document).length > 0))(
  'the shell blocks of %s run',
  async (document) => {
    await redis.client.flushall();
    await emptied(postgres);
    work = join(folder, `document-${++documentsDone}`);
    mkdirSync(work);
    const db = aliasDatabase(join(work, 'sports_data.db'));
    db.exec("INSERT INTO team_aliases VALUES (1, 'real madrid')");
    db.close();
    await fill(redis);
    daemon = await startDaemon(
      { ...stores(), MILLRACE_ONLY: '', MILLRACE_TOKEN: token },
      { awaitPass: false },
    );
    await daemon.control.reconcile('archive');
    const failures: string[] = [];
    for (const { line, text, expectedCode } of runnable(document)) {
      const { code, output } = await run(onOurStores(text));
      // Of servers that last for a test doctor disapproves.
      const problems = output.split('\n').filter((one) => one.startsWith('✗'));
      if (problems.length === 1 && problems[0]?.includes('fsync = off') === true) continue;
      if (code !== expectedCode) failures.push(`${document}:${line} exits with ${code}:\n${output}`);
    }
    expect(failures).toEqual([]);
  },
  150_000,
);

test('what is not run says why', () => {
  const excuses = documents.flatMap((document) =>
    blocks(document).flatMap(({ line, excuse }) =>
      excuse === undefined ? [] : [`${document}:${line} ${excuse}`],
    ),
  );
  for (const excuse of excuses) expect(excuse).toMatch(/:\d+ .{10,}/);
});

/** The records that examples speak of. */
async function fill({ client }: TestRedis): Promise<void> {
  const version = await plainVersion(client, await plainModel(client));
  for (let n = 0; n < 20; n++) await plainPrediction(client, version);
}

const stores = () => ({
  REDIS_URL: redis.url,
  POSTGRES_URL: postgres.url,
  DB_PATH: join(work, 'sports_data.db'),
  SYNC_INTERVAL: '3600',
});

/** The addresses that the docs use as examples become those of the test. */
const onOurStores = (text: string): string =>
  text
    .replace(/redis:\/\/localhost:6379(\/0)?/g, redis.url)
    .replace(/postgresql:\/\/user:password@localhost(:5432)?\/ai_models/g, postgres.url)
    .replace(/(\/srv\/cache-api\/)sports_data\.db/g, join(work, 'sports_data.db'))
    .replace(/http:\/\/(127\.0\.0\.1|localhost):8611/g, daemon.url);

function run(script: string): Promise<{ code: number | null; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  // What starts a daemon of its own must not want the port of ours.
  const port = /millrace run|npm start/.test(script) ? '0' : new URL(daemon.url).port;
  const env = {
    ...stores(),
    PATH: programs + delimiter + PATH,
    HOME,
    NODE_COMPILE_CACHE: compiled,
    MILLRACE_TOKEN: token,
    HTTP_PORT: port,
  };
  const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: work,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      resolve({ code, output });
    });
  });
}
