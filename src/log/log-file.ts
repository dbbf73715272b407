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
  /** A line that would take the file above it goes into a new one; 0: never. */
  readonly maxBytes: number;
  /** How many full files are kept beside it. */
  readonly keep: number;
  /** Once, when lines can no longer be written, or a full file cannot be set aside: it then grows. */
  readonly onTrouble: (doing: 'written' | 'rotated', error: unknown) => void;
  /** It can be written again, after so many lines that are not in it. */
  readonly onRecovered: (missing: number) => void;
  /** Milliseconds, for the pause after a failure. */
  readonly now?: () => number;
}

export interface LogFile {
  /** Never throws. */
  readonly write: (line: string) => void;
  readonly close: () => void;
}

/** After a failure: a full disk is not asked again for every line. */
const pauseMs = 2_000;

/** Its owner may write it and its group read it, whatever the umask allows. */
const mostMode = 0o640;

/** A disk that is full today may have room tomorrow; anything else at the start is a mistake in LOG_FILE. */
const outOfSpace = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Appends lines to a file, synchronously: what is written is in the file, in order, whatever happens to the process next.
 * (winston's own File transport buffers, and ends for good at its first error.)
 *
 * Each line looks whose file is at the path now. So it does not matter who moves it away or empties it: this process, another
 * one with the same LOG_FILE, or logrotate, with a signal or without.
 * @throws what opening it says, unless there is only no space
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
      // A network disk reports here what it could not write; the descriptor is gone either way.
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

  /** Whether the path still names the file that is open; its size then. */
  const sizeNow = (): number => {
    const there = statSync(path, { throwIfNoEntry: false });
    const ours = fstatSync(open());
    if (there?.ino === ours.ino && there.dev === ours.dev) return ours.isFile() ? ours.size : 0;
    close();
    return fstatSync(open()).size;
  };
  const rotate = () => {
    try {
      close(); // Windows renames no open file
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
 * A log names records, and quotes what servers say. One that is open to others, of an earlier version or made by logrotate, is
 * closed if it is ours; whose it is otherwise has decided that.
 */
function closeToOthers(file: number | string): void {
  const found = typeof file === 'number' ? fstatSync(file) : statSync(file);
  if (!found.isFile() || (found.mode & 0o777 & ~mostMode) === 0 || found.uid !== process.getuid?.()) return;
  const mode = found.mode & mostMode;
  if (typeof file === 'number') fchmodSync(file, mode);
  else chmodSync(file, mode);
}

/** As far as they can be seen: another process may be removing them, and not every folder may be listed. */
function closeOlder(path: string): void {
  try {
    for (const old of setAsideBefore(path)) closeToOthers(old);
  } catch {
    // They hold what an earlier version wrote; the log of today is no worse for it.
  }
}

/** Whether it ends in the middle of a line, as a full disk or a crash leaves it. */
function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
