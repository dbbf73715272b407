import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { fatal } from '../../foundation/errors';
import { eventually } from '../process/eventually';
import { type PostgresBinary, programIn } from './postgres-check';
import { clusterOf } from '../process/server-place';
import { removeFolder } from '../process/remove-folder';
import { lastLines } from '../process/run-program';
import { spawnServer } from '../process/server-process';
import type { ServerUser } from '../process/server-user';

export const USER = 'millrace';
const UNFINISHED = 'unfinished-';
const DEADLINE_MS = 180_000;

export interface ClusterOptions {
  /** The real path of a folder that we hold. */
  readonly dataDir: string;
  readonly user: ServerUser | undefined;
  /** Whether committed data must survive a power failure. */
  readonly persist: boolean;
  readonly logFile: string;
}

/** The environment of Postgres' programs: their messages are in English, whatever locale is set (and maybe not installed). */
export const serverEnvironment = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: 'C' });

/** The major version that wrote the data; undefined: there are no data. */
export function majorOf(dataDir: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(clusterOf(dataDir), 'PG_VERSION'), 'utf8'), 10);
  } catch {
    return undefined;
  }
}

const passwordFile = (folder: string): string => join(folder, 'password');

export const passwordOf = (dataDir: string): string =>
  readFileSync(passwordFile(dirname(clusterOf(dataDir))), 'utf8').trim();

function giveTo(user: ServerUser | undefined, path: string): void {
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

/** Runs initdb like a server, so that it ends with our process, too: the folder that it was filling is then thrown away. */
async function runInitdb(binary: PostgresBinary, folder: string, options: ClusterOptions): Promise<void> {
  const { user, logFile } = options;
  const path = programIn(binary.binDir, 'initdb');
  const args = [
    ...['--pgdata', join(folder, 'data'), '--username', USER, '--pwfile', passwordFile(folder)],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C'],
    ...(options.persist ? [] : ['--no-sync']),
  ];
  const output = openSync(logFile, 'w', 0o600);
  try {
    const initdb = await spawnServer({ path, args, env: serverEnvironment(), cwd: '/', output, user });
    const ended = () => Promise.resolve(initdb.state.exit !== undefined);
    if (!(await eventually(ended, DEADLINE_MS))) await initdb.stop();
    if (initdb.state.exit?.code === 0) return;
  } finally {
    closeSync(output);
  }
  throw fatal(`Postgres' data folder could not be made:\n${lastLines(readFileSync(logFile, 'utf8'), 5)}`, {
    code: 'E_EMBEDDED_START',
    hint: 'To use a Postgres of your own, set POSTGRES_URL.',
  });
}

/** Syncs a folder: otherwise a power failure could undo a rename after clients were told that their data are safe. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/**
 * Makes the data folder and its password, once. Both appear together, by a rename, when they are complete; what an interrupted start
 * has left is removed.
 */
export async function ensureCluster(binary: PostgresBinary, options: ClusterOptions): Promise<void> {
  const { dataDir, user } = options;
  const target = dirname(clusterOf(dataDir));
  for (const name of readdirSync(dataDir)) {
    // The initdb of that start may just be ending, and removing the same files.
    if (name.startsWith(UNFINISHED)) removeFolder(join(dataDir, name));
  }
  if (existsSync(target)) return;

  const folder = mkdtempSync(join(dataDir, UNFINISHED));
  try {
    chmodSync(folder, 0o711);
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    writeFileSync(passwordFile(folder), `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    for (const path of [join(folder, 'data'), passwordFile(folder)]) giveTo(user, path);
    await runInitdb(binary, folder, options);
    renameSync(folder, target);
    if (options.persist) syncFolder(dataDir);
  } finally {
    removeFolder(folder);
  }
}
