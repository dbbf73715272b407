import { existsSync, linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import Database from 'better-sqlite3';

import { readAsset } from '../foundation/package-root';

/** SQLite's application_id of a sample, "MILL": the demo changes nobody else's data. */
const applicationId = 0x4d494c4c;

/** Whether a file is a sample of ours; one that cannot be read is none. */
export function isSampleDatabase(path: string): boolean {
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true });
    try {
      return database.pragma('application_id', { simple: true }) === applicationId;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

/** Gives the finished file its name. A link, unlike a rename, never replaces a file that another process made meanwhile; not every file system has links. */
function publish(finished: string, path: string): void {
  try {
    linkSync(finished, path);
  } catch {
    if (!existsSync(path)) renameSync(finished, path);
  }
}

/**
 * Makes a small sports database with the four alias tables, for the demo and the first start. Does nothing when the file
 * exists, whatever is in it. It appears under its name only when complete.
 */
export function createSampleDatabase(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.new`;
  rmSync(unfinished, { force: true });
  try {
    const database = new Database(unfinished);
    try {
      database.pragma('journal_mode = WAL');
      database.pragma(`application_id = ${applicationId}`);
      database.exec(readAsset('src/embedded/sample-db.sql'));
    } finally {
      // Closing the last connection moves the WAL into the file and removes it, so that one file is all there is.
      database.close();
    }
    publish(unfinished, path);
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(unfinished + suffix, { force: true });
  }
}
