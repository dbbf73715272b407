import { statSync } from 'node:fs';
import { openForWriting } from './database';

/** A write-ahead log untouched for so long belongs to nobody in a hurry. */
const restMs = 1_000;

/**
 * Folds a resting write-ahead log into its database and empties it. A daemon that keeps the file open keeps SQLite from doing
 * so when the last writer leaves, and a log left behind makes a file that is then copied or replaced by rename a mixture of
 * old and new. PASSIVE does the work without any lock a writer needs; TRUNCATE then has nothing left to do under the write
 * lock, and gives up at once if somebody holds it.
 * @returns whether there was anything to fold. @throws SqliteError where we may not write.
 */
export function foldRestingWal(path: string, now: number): boolean {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (wal === undefined || wal.size === 0 || now - wal.mtimeMs < restMs) return false;
  const db = openForWriting(path);
  try {
    db.pragma('synchronous = FULL'); // the database must be on disk before the log is gone
    db.pragma('wal_checkpoint(PASSIVE)');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return true;
  } finally {
    db.close();
  }
}
