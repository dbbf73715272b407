import { lstatSync, realpathSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describeError, fatal, MillraceError, retryable } from '../../../foundation/errors';
import { localFault } from '../../../foundation/local-fault';
import { groundUnder, requireGround, requireShared } from './ground';

/**
 * Opens an existing SQLite file read-only, so that closing the connection folds no write-ahead log either. There is no busy timeout
 * anywhere: waiting would block the event loop; callers come back later instead.
 * @throws MillraceError fatal, with what to do: E_DB_MISSING, E_DB_NOT_A_FILE, E_DB_NOT_SQLITE, E_DB_CORRUPT, E_DB_CANNOT_OPEN;
 * retryable: E_DB_BUSY, E_DB_MOVED.
 */
export function openForReading(path: string): Database.Database {
  requireFile(path);
  requireShared(path);
  try {
    return reading(path);
  } catch (error) {
    if (describeError(error).code !== 'SQLITE_READONLY_ROLLBACK') throw sqliteError(error, path);
  }
  // A crashed writer left its journal: the file has to be opened for writing once, so that SQLite rolls it back.
  try {
    const db = new Database(path, { fileMustExist: true, timeout: 0 });
    try {
      look(db);
      return reading(path);
    } finally {
      db.close();
    }
  } catch (error) {
    throw sqliteError(error, path);
  }
}

function reading(path: string): Database.Database {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    db.pragma(distrust);
    look(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opening is lazy: only a read finds out what the file really is. */
const look = (db: Database.Database): unknown => db.prepare('SELECT count(*) FROM sqlite_master').get();

/** The file's schema (views, generated columns, triggers) may call harmless functions only. */
const distrust = 'trusted_schema = OFF';

/**
 * Runs `work` in a write transaction, on a connection of its own: a reader that turned into a writer would get BUSY at once.
 * Commits only if, under the write lock, the open file is the one that lies at the path. The write-ahead log is never folded: not
 * after the commit, and not at the close, because a reader is closed after the writer.
 * @throws E_DB_BUSY and E_DB_MOVED (retryable), E_DB_CANNOT_OPEN
 */
export function writing<T>(path: string, work: (db: Database.Database) => T): T {
  requireFile(path);
  requireShared(path);
  let db: Database.Database | undefined;
  let reader: Database.Database | undefined;
  try {
    const writer = new Database(path, { fileMustExist: true, timeout: 0 });
    db = writer;
    reader = openForReading(path); // before the writer reads anything: from then on its close would fold the log
    writer.pragma(distrust);
    writer.pragma('foreign_keys = OFF'); // our tables refer to nothing, and the actions of keys that refer to them are not ours to run
    // In WAL mode a commit then holds the write lock without an fsync; in rollback mode NORMAL still syncs what it must.
    writer.pragma('synchronous = NORMAL');
    writer.pragma('wal_autocheckpoint = 0');
    const transaction = writer.transaction(() => {
      const ground = groundUnder(writer, path);
      requireOwnTables(writer, path);
      const result = work(writer);
      requireGround(path, ground);
      return result;
    });
    return transaction.immediate();
  } catch (error) {
    throw sqliteError(error, path);
  } finally {
    db?.close();
    reader?.close();
  }
}

/** Triggers of others on our tables would run inside our statements, for as long as they like. @throws E_DB_CANNOT_OPEN (fatal) */
function requireOwnTables(db: Database.Database, path: string): void {
  const foreign = db
    .prepare<[], string | null>(
      "SELECT group_concat(name, ', ') FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN ('millrace_changelog', 'millrace_changelog_id')",
    )
    .pluck()
    .get();
  if (foreign == null) return;
  throw fatal(`${path} is not written to: triggers of others are on tables of Millrace: ${foreign}`, {
    code: 'E_DB_CANNOT_OPEN',
    hint: 'Drop them, or put them on the table of aliases.',
  });
}

/** @throws E_DB_MISSING, E_DB_NOT_A_FILE, E_DB_CORRUPT (fatal) */
export function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    const dangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    throw fatal(
      `the SQLite file ${path} ${dangling ? 'is a link to a file that does not exist' : 'does not exist'}`,
      {
        code: 'E_DB_MISSING',
        hint: 'Check DB_PATH. Millrace never creates the file: an empty one would empty Redis.',
      },
    );
  }
  if (!found.isFile()) {
    throw fatal(`DB_PATH ${path} is ${found.isDirectory() ? 'a directory' : 'not a regular file'}`, {
      code: 'E_DB_NOT_A_FILE',
      hint: 'Let DB_PATH name the SQLite file itself, for example …/sports_data.db.',
    });
  }
  // SQLite would delete the -wal of an empty file; but the file may just be being copied, and then its -wal is needed.
  if (found.size === 0 && (statSync(`${realpathSync(path)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw fatal(`${path} is damaged: it is empty, and its -wal is not`, {
      code: 'E_DB_CORRUPT',
      hint: 'Is it being copied? Restore it from a backup, and delete -wal and -shm before anything opens it.',
    });
  }
}

/** Turns an SQLite error into ours: BUSY and LOCKED are retryable, what only a person can mend is fatal. */
export function sqliteError(error: unknown, path: string): unknown {
  const { code, message } = describeError(error);
  if (error instanceof MillraceError || !code.startsWith('SQLITE_')) return error;
  const local = localFault(error, path);
  if (local !== undefined) return local;
  if (/^SQLITE_(BUSY|LOCKED|READONLY_ROLLBACK)/.test(code)) {
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
      hint: 'Check DB_PATH; encrypted databases cannot be read.',
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
