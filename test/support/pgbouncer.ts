import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { Client } from 'pg';
import { downloadPackages } from '../../src/embedded/redis/apt-download';
import { defaultCacheDir } from '../../src/embedded/process/cache-dir';
import { installOnce } from '../../src/embedded/process/install-once';
import { lastLines, runProgram } from '../../src/embedded/process/run-program';
import { cacheFor, clusterOf } from '../../src/embedded/process/server-place';
import { serverUser } from '../../src/embedded/process/server-user';
import { eventually } from './eventually';
import { postgresFolder } from './shared-postgres';

/** Of the packages that PgBouncer brings, those it is linked to; the others are scripts for services. */
const LIBRARIES = ['libevent-2.1-7', 'libc-ares2'];

interface Program {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

function programIn(root: string): Program {
  const lib = join(root, 'usr', 'lib');
  const folders = existsSync(lib) ? readdirSync(lib).map((name) => join(lib, name)) : [];
  return {
    path: join(root, 'usr', 'sbin', 'pgbouncer'),
    env: { ...process.env, LD_LIBRARY_PATH: folders.join(':') },
  };
}

async function works({ path, env }: Program): Promise<boolean> {
  return (await runProgram(path, ['--version'], { env })).ok;
}

/** The distribution's PgBouncer, unpacked into the cache. @throws where there is none */
async function findPgBouncer(): Promise<Program> {
  const installed = { path: 'pgbouncer', env: process.env };
  if (await works(installed)) return installed;
  const target = join(await cacheFor(defaultCacheDir(), serverUser(clusterOf('/'))), 'pgbouncer');
  const fill = async (folder: string) => {
    const work = join(folder, 'work');
    mkdirSync(work);
    for (const archive of await downloadPackages(['pgbouncer'], LIBRARIES, work)) {
      if (!/^(pgbouncer|libevent|libc-ares|libcares)/.test(basename(archive))) continue;
      const unpacked = await runProgram('dpkg', ['-x', archive, folder]);
      if (!unpacked.ok) throw new Error(lastLines(unpacked.stderr, 2));
    }
    rmSync(work, { recursive: true, force: true });
    if (!(await works(programIn(folder)))) throw new Error('the unpacked pgbouncer does not run');
  };
  const isUsable = () => works(programIn(target));
  if (!(await isUsable())) await installOnce({ target, isUsable, fill });
  return programIn(target);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const running: ChildProcess[] = [];
afterAll(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/**
 * A PgBouncer in transaction mode before the server of `url`, with one session for everybody: consecutive transactions of
 * different clients share it, and what one leaves in the session the next one gets. Ends with the test file.
 * @returns the URL through it @throws where PgBouncer cannot be had
 */
export async function pgBouncer(url: string): Promise<string> {
  const { path, env } = await findPgBouncer();
  const { hostname, port, username, password } = new URL(url);
  const folder = postgresFolder();
  const listenPort = await freePort();
  const quote = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  writeFileSync(join(folder, 'users.txt'), `${quote(username)} ${quote(password)}\n`);
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${listenPort}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${join(folder, 'users.txt')}`,
      'pool_mode = transaction',
      'default_pool_size = 1',
      '',
    ].join('\n'),
  );
  chmodSync(folder, 0o755);
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(path, ['-q', ...user, join(folder, 'pgbouncer.ini')], { env, stdio: 'ignore' });
  running.push(child);
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(listenPort);
  await eventually(async () => {
    const client = new Client({ connectionString: through.href });
    await client.connect();
    await client.end();
  });
  return through.href;
}
