import {
  chmodSync,
  closeSync,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { setAside, setAsideBefore } from './log-rotation';

export interface LogFileOptions {
  readonly path: string;
  /** A line that would make the file larger than this goes into a new one; 0: never. */
  readonly maxBytes: number;
  /** How many full files are kept beside the present one. */
  readonly keep: number;
  /** Called once when lines cannot be written any more, or a full file cannot be set aside, and so grows. */
  readonly onTrouble: (doing: 'written' | 'rotated', error: unknown) => void;
  /** Called when the file can be written again. @param missing how many lines are not in it */
  readonly onRecovered: (missing: number) => void;
  /** Milliseconds, for the pause after a failure. */
  readonly now?: () => number;
}

export interface LogFile {
  /** Never throws. */
  readonly write: (line: string) => void;
  readonly close: () => void;
}

/** The pause after a failure: a full disk is not tried again for every line. */
const pauseMs = 2_000;

/** The widest mode, whatever the umask: the owner may write the file, the group may read it. */
const mostMode = 0o640;

/** Errors of a full disk, which may have room later. Any other error at the start is a mistake in LOG_FILE. */
const outOfSpace = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Appends lines to a file, synchronously: they are in the file, in order, whatever happens to the process next. (winston's own File
 * transport buffers, and ends for good at its first error.)
 *
 * Before each line it looks which file is at the path. So it does not matter who moves the file away or empties it: this process,
 * another one with the same LOG_FILE, or logrotate, with a signal or without.
 * @throws the error of opening it, unless the disk is only full
 */
export function openLogFile(options: LogFileOptions): LogFile {
  const { path, maxBytes, onTrouble, onRecovered, now = () => performance.now() } = options;
  let fd: number | undefined;
  let torn = false;
  let missing = 0;
  const pausedUntil = { written: 0, rotated: 0 };
  const failing = { written: false, rotated: false };

  const close = () => {
    const open = fd;
    fd = undefined;
    try {
      if (open !== undefined) closeSync(open);
    } catch {
      // A network disk reports only at the close what it could not write; the descriptor is gone either way.
    }
  };
  const open = (): number => {
    if (fd === undefined) {
      fd = openSync(path, 'a+', mostMode);
      closeToOthers(fd);
      torn = endsTorn(fd);
    }
    return fd;
  };
  const failed = (doing: 'written' | 'rotated', error: unknown) => {
    close();
    pausedUntil[doing] = now() + pauseMs;
    if (!failing[doing]) onTrouble(doing, error);
    failing[doing] = true;
  };

  /** The file's size, if the path still names the open file. */
  const sizeNow = (): number => {
    const there = statSync(path, { throwIfNoEntry: false });
    const ours = fstatSync(open());
    if (there?.ino === ours.ino && there.dev === ours.dev) return ours.isFile() ? ours.size : 0;
    close();
    return fstatSync(open()).size;
  };
  const rotate = () => {
    try {
      close(); // Windows does not rename an open file
      setAside(path, options.keep);
      failing.rotated = false;
    } catch (error) {
      failed('rotated', error);
    }
  };
  const append = (line: string) => {
    const size = sizeNow();
    const full = maxBytes > 0 && size > 0 && size + Buffer.byteLength(line) >= maxBytes;
    if (full && now() >= pausedUntil.rotated) rotate();
    const file = open();
    const bytes = Buffer.from(torn ? `\n${line}\n` : `${line}\n`);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    torn = false;
  };

  try {
    open();
    closeOlder(path);
  } catch (error) {
    if (!outOfSpace.has(codeOf(error))) throw error;
    failed('written', error);
  }
  return {
    close,
    write: (line) => {
      if (now() < pausedUntil.written) {
        missing++;
        return;
      }
      try {
        append(line);
      } catch (error) {
        missing++;
        failed('written', error);
        return;
      }
      if (!failing.written) return;
      failing.written = false;
      const count = missing;
      missing = 0;
      onRecovered(count);
    },
  };
}

/**
 * Closes a log file to others, for it names records and quotes servers: an earlier version or logrotate may have made it readable for
 * all. A file that belongs to another user is left as that one wants it.
 */
function closeToOthers(file: number | string): void {
  const found = typeof file === 'number' ? fstatSync(file) : statSync(file);
  if (!found.isFile() || (found.mode & 0o777 & ~mostMode) === 0 || found.uid !== process.getuid?.()) return;
  const mode = found.mode & mostMode;
  if (typeof file === 'number') fchmodSync(file, mode);
  else chmodSync(file, mode);
}

/** Does the same for the files set aside, as far as possible: another process may be removing them, and the folder may not be readable. */
function closeOlder(path: string): void {
  try {
    for (const old of setAsideBefore(path)) closeToOthers(old);
  } catch {
    // Only files of an earlier version stay open: that is no reason not to log.
  }
}

/** Whether a file ends in the middle of a line, as after a full disk or a crash. */
function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
