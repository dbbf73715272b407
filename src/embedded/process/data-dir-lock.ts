import { join } from 'node:path';

import Database from 'better-sqlite3';

import { fatal } from '../../foundation/errors';

export interface DirectoryHold {
  readonly release: () => void;
}

/** Recognised by the code: where modules are loaded several times in a process, as in tests, there are several classes of SQLite's errors. */
const isBusy = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'SQLITE_BUSY';

/**
 * Keeps every other process, and every other call in this one, out of a server's data directory until released.
 *
 * A pid file cannot do that: after a kill -9 it stays, and its pid may by then be another program's (in containers it
 * usually is). SQLite's exclusive lock belongs to the kernel, on every platform: it ends with this process, however
 * that ends. The file must not be opened and closed by other means in this process: POSIX would drop the lock.
 */
export function holdDirectory(directory: string): DirectoryHold {
  const database = new Database(join(directory, 'in-use.lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if (!isBusy(cause)) throw cause;
    throw fatal(`Another embedded server is running on ${directory}`, {
      code: 'E_EMBEDDED_IN_USE',
      hint: 'Stop the other Millrace, or run this one from another directory.',
      cause,
    });
  }
  return {
    release: () => {
      database.close();
    },
  };
}
