import { statSync } from 'node:fs';
import { pruneChangelog } from './changelog';
import { openForWriting } from './database';
import type { AliasSource } from './source';

/** A file untouched for so long belongs to no writer in a hurry. */
const restMs = 2_000;
/** A file that is never at rest is pruned all the same after this long, in smaller steps. */
const patienceMs = 60_000;

/** How often it looks whether the file is at rest. */
const lookMs = 50;

/** Rows pruned in one transaction: about a millisecond of the write lock at rest, a fifth of that among writers. */
const step = { atRest: { rows: 1_000, againMs: 50 }, amongWriters: { rows: 200, againMs: 250 } } as const;
const pruneMs = 10_000;
/** How often the write-ahead log is looked at; longer after it was folded or could not be truncated. */
const foldMs = 1_000;
const foldAgainMs = 5_000;

/** What a long-lived guest in somebody's database cleans up, only when nobody else is writing. Gives up at once on a lock. */
export class Housekeeping {
  #restedAt = Date.now();
  #lookAt = 0;
  #pruneAt = 0;
  #foldAt = 0;

  /**
   * Does what is due. @param consumedSeq the last consumed changelog row, acknowledged by Redis.
   * @throws E_DB_BUSY and E_DB_CANNOT_OPEN, which can wait for the next call.
   */
  tick(source: AliasSource, consumedSeq: number | undefined, now = Date.now()): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + lookMs;
    const path = source.realPath;
    const resting = now - lastWrite(path) >= restMs;
    if (resting) this.#restedAt = now;
    if (resting && now >= this.#foldAt && source.journalMode === 'wal') {
      this.#foldAt = now + foldMs;
      if (foldWal(path)) this.#foldAt = now + foldAgainMs;
    }
    if (consumedSeq === undefined || now < this.#pruneAt) return;
    if (!resting && now - this.#restedAt < patienceMs) return;
    this.#pruneAt = now + pruneMs;
    if (source.changelog?.prunable(consumedSeq, now) !== true) return;
    const { rows, againMs } = resting ? step.atRest : step.amongWriters;
    if (pruneChangelog(path, consumedSeq, rows, now) === rows) this.#pruneAt = now + againMs;
  }
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const lastWrite = (path: string): number => Math.max(modified(path), modified(`${path}-wal`));

/**
 * Folds the write-ahead log into its database and empties it. A daemon that keeps the file open keeps SQLite from doing so
 * when the last writer leaves, and a log left behind makes a file that is then copied or replaced by rename a mixture of
 * old and new. PASSIVE does the work without any lock a writer needs; TRUNCATE then has nothing left to do under the write
 * lock, and gives up at once if somebody holds it.
 * @returns whether there was anything to fold.
 */
function foldWal(path: string): boolean {
  const size = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return false;
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
