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
  /** Real path. Holds our own files (lock, port, log) and the folder `cluster`. */
  readonly dataDir: string;
  /** Whom the server runs as; undefined: as ourselves. */
  readonly user: ServerUser | undefined;
}

/** A link in the folder asked for, to the one that is used instead; it moves along with the folder. */
const POINTER = 'data-are-here';
const HINT = 'Run Millrace as an ordinary user, or set POSTGRES_URL to a running Postgres.';

/** The folder Postgres makes: see postgres-cluster.ts. */
export const clusterOf = (dataDir: string): string => join(dataDir, 'cluster', 'data');

/** Lets others pass through, to what they own below; not look around. */
function openForPassing(folder: string): void {
  const { mode } = statSync(folder);
  if ((mode & 0o011) !== 0o011) chmodSync(folder, mode | 0o011);
}

/** A folder of root's in a place that other users can reach. Others may write beside it, so it must not be a link or theirs. */
async function refuge(user: ServerUser): Promise<string> {
  for (const folder of ['/var/lib/millrace', '/var/tmp/millrace', join(tmpdir(), 'millrace')]) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const found = lstatSync(folder);
      if (!found.isDirectory() || found.uid !== 0) continue;
      openForPassing(folder);
      if (await canEnter(folder, user)) return folder;
    } catch {
      // Read-only, or not a folder.
    }
  }
  throw fatal(`Postgres does not run as root, and root cannot run it as user ${user.uid} here`, {
    code: 'E_EMBEDDED_START',
    hint: HINT,
  });
}

/** We must be able to change it, and whoever runs the server to read it, however strict the package's own bits are. */
export function openToAll(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isSymbolicLink()) continue;
    chmodSync(path, found.isDirectory() || (found.mode & 0o100) !== 0 ? 0o755 : 0o644);
  }
}

/** The cache folder, or one the user can reach instead. */
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
  // A new one each time: what is there under the same name belongs to a folder that was moved or deleted.
  const dataDir = realpathSync(mkdtempSync(join(await refuge(user), `data-${name}-`)));
  openForPassing(dataDir);
  rmSync(join(wanted, POINTER), { force: true });
  symlinkSync(dataDir, join(wanted, POINTER));
  log(`Postgres does not run as root, and other users cannot reach ${wanted}: its data are in ${dataDir}`);
  return dataDir;
}

/**
 * Where the data are or will be: in the folder asked for unless root asks for one that the server's user cannot reach.
 * @param wanted real path; held by us.
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
