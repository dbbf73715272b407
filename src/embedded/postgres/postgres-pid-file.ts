import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PidFile {
  readonly pid: number;
  /** 'starting', 'ready', 'stopping' or 'standby'; '' while the server has not written it yet. */
  readonly status: string;
}

const file = (data: string): string => join(data, 'postmaster.pid');
const STATUS_LINE = 7;

/** Reads the file in which a server that runs, or was killed, describes itself (Postgres' src/include/utils/pidfile.h). */
export function readPidFile(data: string): PidFile | undefined {
  try {
    const lines = readFileSync(file(data), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 0 ? { pid, status: lines[STATUS_LINE]?.trim() ?? '' } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes Postgres see that the server of this file is gone, even if its pid is another program's now, as usual in containers: otherwise
 * Postgres would refuse to start. It ignores the pid of its own parent, which is ours, so that is written into the file. The rest must
 * stay: by it Postgres finds out whether sessions of that server are still writing.
 */
export function disownPidFile(data: string): void {
  const lines = readFileSync(file(data), 'utf8').split('\n');
  writeFileSync(file(data), [String(process.pid), ...lines.slice(1)].join('\n'));
}
