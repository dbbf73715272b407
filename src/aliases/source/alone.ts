import { execFile, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { retryable } from '../../foundation/errors';
import { packageRoot } from '../../foundation/package-root';
import { fileShape, type FoldVerdict } from './fold-process';

const program = join(packageRoot, 'dist', 'src', 'aliases', 'source', 'fold-process.js');
/** No longer than this is a checkpoint waited for at a stop. */
const patienceMs = 10_000;

/**
 * A file in WAL mode without its -wal or -shm is either at rest, or these were deleted under a program that still has them
 * open: then to make new ones would hide from it, and from whoever comes next, what the others commit.
 * @throws E_DB_MOVED (retryable) in the second case. Takes a tenth of a second where one is missing, and no time otherwise.
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
 * Folds the write-ahead log into its database and empties it, as SQLite does when the last connection closes, which ours
 * prevents. This process must have no connection to it. Does nothing while another process has the file open, or when anything
 * was written since `folding` was taken.
 */
export function fold({ realPath, main, wal }: Folding): Promise<FoldVerdict> {
  const args = [program, 'fold', realPath, main, wal];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: patienceMs, killSignal: 'SIGKILL' }, (_killed, stdout) => {
      resolve(stdout === '' ? 'E no answer' : (stdout as FoldVerdict));
    });
  });
}
