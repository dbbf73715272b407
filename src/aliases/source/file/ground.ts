import { fstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { retryable } from '../../../foundation/errors';

/** Which file it is: a file that is replaced by a rename keeps its path and changes this. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** What an SQLite connection stands on: the file, and in WAL mode the two beside it. */
export interface Ground {
  readonly main: FileIdentity;
  readonly wal: FileIdentity | undefined;
  readonly shm: FileIdentity | undefined;
}

export const sameFile = (a: FileIdentity | undefined, b: FileIdentity | undefined): boolean =>
  a?.device === b?.device && a?.inode === b?.inode;

export const sameGround = (a: Ground, b: Ground): boolean =>
  sameFile(a.main, b.main) && sameFile(a.wal, b.wal) && sameFile(a.shm, b.shm);

/** @returns undefined when nothing is at the path. */
function fileIdentity(path: string): FileIdentity | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && { device: found.dev, inode: found.ino };
}

/**
 * What lies at the path now. @param realPath behind any symbolic links: -wal and -shm lie beside that.
 * @returns undefined when there is no file.
 */
export function groundAt(path: string, realPath: string): Ground | undefined {
  const main = fileIdentity(path);
  return main && { main, wal: fileIdentity(`${realPath}-wal`), shm: fileIdentity(`${realPath}-shm`) };
}

const keyOf = ({ device, inode }: FileIdentity): string => `${device}:${inode}`;

/** Every file that this process has open, by whatever library; undefined where the system does not tell (Windows). */
function openFiles(): ReadonlySet<string> | undefined {
  let descriptors: readonly string[];
  try {
    descriptors = readdirSync('/dev/fd');
  } catch {
    return undefined; // Windows, where an open file can be neither deleted nor replaced
  }
  const open = new Set<string>();
  for (const descriptor of descriptors) {
    try {
      const { dev, ino } = fstatSync(Number(descriptor), { bigint: true });
      open.add(keyOf({ device: dev, inode: ino }));
    } catch {
      // the descriptor that listed the others is closed by now
    }
  }
  return open;
}

const taken = (path: string, what: string) =>
  retryable(`${path}: ${what}`, {
    code: 'E_DB_MOVED',
    hint: 'Millrace opens it anew. Stop the application before the file, its -wal or its -shm are deleted or replaced.',
  });

/**
 * The ground under a connection that has read something; makes sure that the files it has open are those at the path.
 * All connections of a process to one file share one -shm, even a deleted one: a second connection would then write into the new
 * -wal by the index of the old one.
 * @throws E_DB_MOVED (retryable) when other files lie at the path
 */
export function groundUnder(db: Database, path: string): Ground {
  const ground = groundAt(path, realpathSync(path));
  if (ground === undefined) throw taken(path, 'it vanished while it was opened');
  const files = inWal(db) ? [ground.main, ground.wal, ground.shm] : [ground.main];
  const open = openFiles();
  const stands = (file: FileIdentity | undefined) =>
    open === undefined || (file !== undefined && open.has(keyOf(file)));
  if (!files.every(stands)) throw taken(path, 'it, its -wal or its -shm was deleted or replaced while open');
  return ground;
}

/** @throws E_DB_MOVED (retryable) when other files than those of `ground` lie at the path by now */
export function requireGround(path: string, ground: Ground): void {
  const now = groundAt(path, realpathSync(path));
  if (now === undefined || !sameGround(now, ground))
    throw taken(path, 'it, its -wal or its -shm was replaced');
}

/** Whether the connection uses a write-ahead log. */
const inWal = (db: Database): boolean => db.pragma('journal_mode', { simple: true }) === 'wal';

/**
 * To be called before a file is opened: this process must not be using its -shm for the file that was at the path before. SQLite
 * would think that nobody has the -shm open, and empty it under the other connection.
 * @throws E_DB_MOVED (retryable)
 */
export function requireShared(path: string): void {
  const ground = groundAt(path, realpathSync(path));
  if (ground?.shm === undefined) return;
  const open = openFiles();
  if (open?.has(keyOf(ground.shm)) === true && !open.has(keyOf(ground.main)))
    throw taken(path, 'it was replaced, and the one before is still open here');
}
