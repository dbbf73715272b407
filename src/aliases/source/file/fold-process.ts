import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describeError } from '../../../foundation/errors';

/**
 * node fold-process.js look PATH           whether another process has the SQLite file open (in WAL mode)
 * node fold-process.js fold PATH MAIN WAL  folds the write-ahead log into it and empties it
 *
 * MAIN and WAL are the `fileShape`s that the caller has seen: files that have changed since are left alone. Prints one `FoldVerdict`.
 *
 * Nothing that is read here can be out of date: the exclusive lock is taken before the -wal is opened, its index is made in memory, from
 * the -wal, and nobody else can commit until the end. This is a process of its own because it has to end without closing the file:
 * at its last close SQLite folds whatever it finds under the names, and better-sqlite3 cannot tell it not to. An empty -wal and
 * the -shm are not deleted either: they could only be deleted by name, and by then the file may have been replaced and the names
 * belong to another one that is in use.
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
  // SQLite has opened the files by name: only now is it certain that they are those the caller has seen.
  if (fileShape(path) !== main || (fileShape(`${path}-wal`) !== wal && wal !== 'none')) return 'changed';
  db.pragma('synchronous = FULL'); // the database must be on disk before the log is gone
  db.pragma('wal_checkpoint(TRUNCATE)');
  return 'folded';
}

/**
 * Whether the file's header names WAL mode. Closing a descriptor drops all locks of this process on its file, so this may only be
 * called before SQLite opens it.
 */
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
