import { lstatSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describeError, fatal, MillraceError, retryable } from '../errors';
import { localFault } from '../local-fault';

/** Which file is open: a file replaced by rename keeps its path and changes this. (TRAPS: SQLite 7) */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

export const sameFile = (a: FileIdentity, b: FileIdentity): boolean =>
  a.device === b.device && a.inode === b.inode;

const stat = (path: string) => statSync(path, { bigint: true, throwIfNoEntry: false });

/** @returns undefined when nothing is at the path. */
export function fileIdentity(path: string): FileIdentity | undefined {
  const found = stat(path);
  return found && { device: found.dev, inode: found.ino };
}

/**
 * Opens an existing SQLite file for reading (and, through `openForWriting`, for the capture).
 * No busy timeout anywhere: a busy wait would block the event loop; callers come back later instead.
 * @throws MillraceError fatal, with what to do: E_DB_MISSING, E_DB_NOT_A_FILE, E_DB_NOT_SQLITE, E_DB_CORRUPT, E_DB_CANNOT_OPEN.
 */
export function openForReading(path: string): Database.Database {
  const db = open(path);
  // Read-write at the file level, so that a journal left by a crashed writer can be rolled back, but never a write of ours.
  db.pragma('query_only = ON');
  return db;
}

/** Its own short-lived connection: a reader that turned into a writer would get BUSY at once. (TRAPS: SQLite 9) */
export function openForWriting(path: string): Database.Database {
  const db = open(path);
  // In WAL mode a commit then holds the write lock without an fsync; in rollback mode NORMAL still syncs what it must.
  db.pragma('synchronous = NORMAL');
  db.pragma('wal_autocheckpoint = 0');
  return db;
}

function open(path: string): Database.Database {
  const found = stat(path);
  if (found === undefined) {
    const dangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    throw fatal(
      `the SQLite file ${path} ${dangling ? 'is a link to a file that does not exist' : 'does not exist'}`,
      {
        code: 'E_DB_MISSING',
        hint: 'Check DB_PATH (or --db). Millrace never creates the file: an empty one would empty Redis.',
      },
    );
  }
  if (!found.isFile()) {
    throw fatal(`DB_PATH ${path} is ${found.isDirectory() ? 'a directory' : 'not a regular file'}`, {
      code: 'E_DB_NOT_A_FILE',
      hint: 'Let DB_PATH (or --db) name the SQLite file itself, for example …/sports_data.db.',
    });
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { fileMustExist: true, timeout: 0 });
    // Opening is lazy: only a read finds out what the file really is.
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    return db;
  } catch (error) {
    db?.close();
    throw sqliteError(error, path);
  }
}

/** Turns an SQLite error into ours: BUSY and LOCKED are retryable, what only a person can mend is fatal. */
export function sqliteError(error: unknown, path: string): unknown {
  const { code, message } = describeError(error);
  if (error instanceof MillraceError || !code.startsWith('SQLITE_')) return error;
  const local = localFault(error, path);
  if (local !== undefined) return local;
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return retryable(`${path} is locked by another program`, {
      code: 'E_DB_BUSY',
      cause: error,
      hint: 'Millrace waits for it. If it lasts, look for a program that holds a transaction open.',
    });
  }
  if (code === 'SQLITE_NOTADB') {
    return fatal(`${path} is not an SQLite database, or it is encrypted`, {
      code: 'E_DB_NOT_SQLITE',
      cause: error,
      hint: 'Check DB_PATH (or --db); encrypted databases cannot be read.',
    });
  }
  if (/^SQLITE_CORRUPT/.test(code)) {
    return fatal(`${path} is damaged: ${message}`, {
      code: 'E_DB_CORRUPT',
      cause: error,
      hint: 'Run `sqlite3 FILE "PRAGMA integrity_check"` and restore it from a backup. Redis is left as it is.',
    });
  }
  if (/^SQLITE_(CANTOPEN|PERM|AUTH|READONLY)/.test(code)) {
    return fatal(`${path} cannot be opened: ${message}`, {
      code: 'E_DB_CANNOT_OPEN',
      cause: error,
      hint: 'The user running Millrace needs to read the file and, for a WAL database, to write to its folder (for -wal and -shm).',
    });
  }
  return retryable(`${path}: ${message}`, { code, cause: error });
}
