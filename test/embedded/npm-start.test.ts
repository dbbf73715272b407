import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliPath } from '../support/cli';
import { eventually } from '../support/eventually';
import { hasPty, startInPty } from '../support/pty';
import { temporaryFolder } from '../support/temporary-folder';

/** What people start is npm; what works is a daemon, and the servers that it has started. */
const folder = temporaryFolder();
const record = join(folder, '.millrace', 'daemon.json');
const daemon = `"${process.execPath}" "${cliPath}" run --embedded --only aliases`;
writeFileSync(
  join(folder, 'package.json'),
  JSON.stringify({
    name: 'chain',
    version: '1.0.0',
    // Some shells become their last command, others stay between npm and it.
    scripts: { start: daemon, exec: `exec ${daemon}`, between: `${daemon}; exit $?` },
  }),
);
const { PATH = '', HOME = '' } = process.env;
const env = { PATH, HOME, HTTP_PORT: '0', npm_config_update_notifier: 'false' };

interface Started {
  readonly npm: ChildProcess;
  readonly output: () => string;
  /** Of the daemon and its Redis. */
  readonly pids: readonly number[];
  readonly redisPort: string;
}

const started: ChildProcess[] = [];
afterAll(() => {
  for (const { pid } of started) {
    try {
      process.kill(-(pid ?? 0), 'SIGKILL'); // with all that it has started
    } catch {
      // It has ended.
    }
  }
});

async function start(script: string): Promise<Started> {
  const npm = spawn('npm', ['run', script], {
    cwd: folder,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(npm);
  let output = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await running(once(npm, 'exit'));
  return { npm, output: () => output, ...daemonHere() };
}

const running = (alive?: Promise<unknown>): Promise<void> =>
  eventually(() => existsSync(record), { within: 40_000, ...(alive === undefined ? {} : { alive }) });

function daemonHere() {
  const { pid, redisUrl } = JSON.parse(readFileSync(record, 'utf8')) as { pid: number; redisUrl: string };
  const log = readFileSync(join(folder, '.millrace', 'redis', 'redis.log'), 'utf8');
  return { pids: [pid, Number(/pid=(\d+)/.exec(log)?.[1])], redisPort: new URL(redisUrl).port };
}

/** Ended, and not cut off: the daemon takes its record away at the end. */
async function allEnded(pids: readonly number[]): Promise<void> {
  expect(pids.every((pid) => pid > 0)).toBe(true);
  await eventually(() => pids.every((pid) => !isAlive(pid)));
  expect(existsSync(record)).toBe(false);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const onLinux = process.platform === 'linux' ? test : test.skip;
const ports = new Set<string>();

onLinux.each<[string, string, (npm: number) => void]>([
  ['a SIGTERM of its supervisor', 'start', (npm) => process.kill(npm, 'SIGTERM')],
  ['a SIGTERM, with a shell that stays', 'between', (npm) => process.kill(npm, 'SIGTERM')],
  ['kill -9', 'between', (npm) => process.kill(npm, 'SIGKILL')],
  ['kill -9, without a shell in between', 'exec', (npm) => process.kill(npm, 'SIGKILL')],
  ['Ctrl+C, which npm hands on a second time', 'exec', (npm) => process.kill(-npm, 'SIGINT')],
])(
  'npm is ended by %s: the daemon stops cleanly, and its servers with it',
  async (_how, script, end) => {
    const { npm, pids, redisPort } = await start(script);
    ports.add(redisPort);
    end(npm.pid ?? 0);
    await allEnded(pids);
    expect(ports.size).toBe(1); // Redis stays where it is
  },
  60_000,
);

(process.platform === 'linux' && hasPty() ? test : test.skip)(
  'a terminal that is closed stops the daemon cleanly',
  async () => {
    const run = startInPty(['run', '--embedded', '--only', 'aliases'], {
      env,
      cwd: folder,
      rows: 24,
      columns: 100,
    });
    await running(run.ended);
    const { pids } = daemonHere();
    run.child.kill('SIGKILL'); // the terminal's other end
    await allEnded(pids);
  },
  60_000,
);
