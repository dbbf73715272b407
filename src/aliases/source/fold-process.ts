import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describeError } from '../../foundation/errors';

/**
 * node fold-process.js look PATH           whether another process has the SQLite file open (in WAL mode)
 * node fold-process.js fold PATH MAIN WAL  folds the write-ahead log into it and empties it
 *
 * MAIN and WAL say, as `shape` does, what the caller has seen: nothing is done to files that have changed since. Prints one word
 * of `Verdict`.
 *
 * The exclusive lock comes before the -wal is opened, the index of it is made here, from the -wal, in memory, and nobody else can
 * commit until the end: there is nothing that could be out of date. It is a process of its own because it has to end without
 * closing the file: SQLite folds at the last close whatever it finds under the names, and better-sqlite3 cannot tell it not to.
 * For the same reason an empty -wal and the -shm stay where they are: by the time they could be deleted, by name, the file may have
 * been replaced, and they would be those of another one that is in use.
 */
export type FoldVerdict = 'alone' | 'in use' | 'changed' | 'folded' | 'no log' | `E ${string}`;

/** What a file is and when it was written to last. */
export function fileShape(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? 'none' : [found.dev, found.ino, found.size, found.mtimeNs].join(':');
}

function judge([verb = '', path = '', main, wal]: readonly string[]): FoldVerdict {
  if (!hasLog(path)) return 'no log';
  const db = new Database(path, { fileMustExist: true, timeout: 0 });
  db.pragma('locking_mode = EXCLUSIVE');
  try {
    db.pragma('schema_version'); // reads, and so locks
  } catch (error) {
    const { code } = describeError(error);
    return /^SQLITE_(BUSY|LOCKED)/.test(code) ? 'in use' : `E ${code}`;
  }
  if (verb === 'look') return 'alone';
  // Opened by name: it is what the names still say, and what the caller has seen.
  if (fileShape(path) !== main || (fileShape(`${path}-wal`) !== wal && wal !== 'none')) return 'changed';
  db.pragma('synchronous = FULL'); // the database must be on disk before the log is gone
  db.pragma('wal_checkpoint(TRUNCATE)');
  return 'folded';
}

/** Whether the header names WAL mode. Closing a file drops this process's locks on it: only here, and only before SQLite opens it. */
function hasLog(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const versions = Buffer.alloc(2);
    return readSync(file, versions, 0, 2, 18) === 2 && versions[0] === 2;
  } finally {
    closeSync(file);
  }
}

if (require.main === module) {
  let verdict: FoldVerdict;
  try {
    verdict = judge(process.argv.slice(2));
  } catch (error) {
    verdict = `E ${describeError(error).code}`;
  }
  writeSync(1, verdict);
  process.kill(process.pid, 'SIGKILL'); // no close, see above; the locks go with the process
}
