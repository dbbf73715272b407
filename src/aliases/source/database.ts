import { lstatSync, realpathSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describeError, fatal, MillraceError, retryable } from '../../foundation/errors';
import { localFault } from '../../foundation/local-fault';
import { groundUnder, requireGround, requireShared } from './ground';

/**
 * Opens an existing SQLite file for reading: the file itself is opened so that nothing can be written to it, and closing the
 * connection folds nothing. No busy timeout anywhere: a busy wait would block the event loop; callers come back later instead.
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
  // A crashed writer left its journal: whoever comes next rolls it back, by opening the file for writing.
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

/** What the file's schema computes (views, generated columns, triggers) may use harmless functions alone. */
const distrust = 'trusted_schema = OFF';

/**
 * One transaction of ours, on a connection of its own: a reader that turned into a writer would get BUSY at once. (TRAPS:
 * SQLite 9) Commits only if, under the write lock, what is open is what lies at the path. Nothing is ever folded: neither after
 * a commit, nor at the close, since a reader stays open that much longer.
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
    reader = openForReading(path); // before the writer's first look: from there on its close would fold
    writer.pragma(distrust);
    writer.pragma('foreign_keys = OFF'); // nothing of ours refers to anything, and what refers to ours would be written to
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

/** What others hang on our tables would run in our statements, for as long as it likes. @throws E_DB_CANNOT_OPEN (fatal) */
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
  // SQLite deletes the log of an empty file: it may be one that is being copied, and its log is not ours to delete.
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
