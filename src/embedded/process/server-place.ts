import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { fatal } from '../../foundation/errors';
import { canEnter, serverUser, type ServerUser } from './server-user';

export interface Place {
  /** The real path of the folder with our own files (lock, port, log) and the folder `cluster`. */
  readonly dataDir: string;
  /** The user as whom the server runs; undefined: as ourselves. */
  readonly user: ServerUser | undefined;
}

/** The name of a link, in the folder asked for, to the folder that is used instead; the link moves along with the folder. */
const POINTER = 'data-are-here';
const HINT = 'Run Millrace as an ordinary user, or set POSTGRES_URL to a running Postgres.';

/** The folder Postgres makes: see postgres-cluster.ts. */
export const clusterOf = (dataDir: string): string => join(dataDir, 'cluster', 'data');

/** Lets others pass through a folder, to what they own below it, but not list it. */
function openForPassing(folder: string): void {
  const { mode } = statSync(folder);
  if ((mode & 0o011) !== 0o011) chmodSync(folder, mode | 0o011);
}

/** A folder of root's in a place that other users can reach. Others may write there, so the folder must be neither a link nor theirs. */
async function refuge(user: ServerUser): Promise<string> {
  for (const folder of ['/var/lib/millrace', '/var/tmp/millrace', join(tmpdir(), 'millrace')]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const found = lstatSync(folder);
      if (!found.isDirectory() || found.uid !== 0) continue;
      openForPassing(folder);
      if (await canEnter(folder, user)) return folder;
    } catch {
      // The place is read-only, or not a folder.
    }
  }
  throw fatal(`Postgres does not run as root, and root cannot run it as user ${user.uid} here`, {
    code: 'E_EMBEDDED_START',
    hint: HINT,
  });
}

/** Lets us change everything in a folder, and others read it, however strict the package's own modes are. */
export function openToAll(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isSymbolicLink()) continue;
    chmodSync(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

/** The cache folder, or another one that the server's user can reach. */
export async function cacheFor(cacheDir: string, user: ServerUser | undefined): Promise<string> {
  if (user === undefined) return cacheDir;
  mkdirSync(cacheDir, { recursive: true });
  return (await canEnter(cacheDir, user)) ? cacheDir : join(await refuge(user), 'cache');
}

async function elsewhere(wanted: string, user: ServerUser, log: (message: string) => void): Promise<string> {
  if (existsSync(join(wanted, 'cluster'))) {
    throw fatal(`User ${user.uid}, as whom Postgres has to run here, cannot reach ${wanted}`, {
      code: 'E_EMBEDDED_START',
      hint: HINT,
    });
  }
  const name = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  // A new folder each time: an older one of this name belongs to a data folder that was moved or deleted.
  const dataDir = realpathSync(mkdtempSync(join(await refuge(user), `data-${name}-`)));
  openForPassing(dataDir);
  rmSync(join(wanted, POINTER), { force: true });
  symlinkSync(dataDir, join(wanted, POINTER));
  log(`Postgres does not run as root, and other users cannot reach ${wanted}: its data are in ${dataDir}`);
  return dataDir;
}

/**
 * The place where the data are or will be: the folder asked for, unless root asks for one that the server's user cannot reach.
 * @param wanted the real path of a folder that we hold
 */
export async function placeFor(wanted: string, log: (message: string) => void): Promise<Place> {
  const pointer = join(wanted, POINTER);
  if (existsSync(pointer)) {
    const dataDir = realpathSync(pointer);
    log(`The data of ${wanted} are in ${dataDir}`);
    return { dataDir, user: serverUser(clusterOf(dataDir)) };
  }
  const user = serverUser(clusterOf(wanted));
  if (user === undefined) return { dataDir: wanted, user };
  openForPassing(wanted);
  if (await canEnter(wanted, user)) return { dataDir: wanted, user };
  return { dataDir: await elsewhere(wanted, user, log), user };
}
