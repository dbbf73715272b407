import { execFile, spawnSync } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { retryable } from '../../../foundation/errors';
import { packageRoot } from '../../../foundation/package-root';
import { fileShape, type FoldVerdict } from './fold-process';

const program = join(packageRoot, 'dist', 'src', 'aliases', 'source', 'file', 'fold-process.js');
/** A stop waits no longer than this for the write-ahead log to be folded. */
const patienceMs = 10_000;

/**
 * Refuses a file in WAL mode whose -wal or -shm was deleted under a program that still has it open. We would make new ones, and
 * then neither program would see what the other commits. (A file at rest has none either; that is in order.)
 * Takes a tenth of a second when one of the two is missing, no time otherwise. @throws E_DB_MOVED (retryable)
 */
export function requireCompany(path: string): void {
  const realPath = realpathSync(path);
  if (existsSync(`${realPath}-wal`) && existsSync(`${realPath}-shm`)) return;
  const { stdout } = spawnSync(process.execPath, [program, 'look', realPath], {
    encoding: 'utf8',
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  });
  if (stdout !== 'in use') return;
  throw retryable(`the -wal or -shm of ${path} is gone, and another program has the file open`, {
    code: 'E_DB_MOVED',
    hint: 'Stop or restart that program: its changes are seen by nobody else until it closes the file. Millrace waits.',
  });
}

/** Whether a write-ahead log has something that can be folded. @param realPath of the database */
export const logHolds = (realPath: string): boolean =>
  (statSync(`${realPath}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/** The shapes of a file and its -wal, taken while they were known to belong together. */
export interface Folding {
  readonly realPath: string;
  readonly main: string;
  readonly wal: string;
}

export const foldingOf = (realPath: string): Folding => ({
  realPath,
  main: fileShape(realPath),
  wal: fileShape(`${realPath}-wal`),
});

/**
 * Folds the write-ahead log into its database and empties the log. SQLite does so when the last connection closes; ours, which
 * stays open, prevents that. This process must have no connection to the file. Nothing is done while another process has the file
 * open, or when anything was written since `folding` was taken.
 */
export function fold({ realPath, main, wal }: Folding): Promise<FoldVerdict> {
  const args = [program, 'fold', realPath, main, wal];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: patienceMs, killSignal: 'SIGKILL' }, (_killed, stdout) => {
      resolve(stdout === '' ? 'E no answer' : (stdout as FoldVerdict));
    });
  });
}
