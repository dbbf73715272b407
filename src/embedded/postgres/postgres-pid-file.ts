import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PidFile {
  readonly pid: number;
  /** 'starting', 'ready', 'stopping' or 'standby'; '' before the server has said so. */
  readonly status: string;
}

const file = (data: string): string => join(data, 'postmaster.pid');
const STATUS_LINE = 7;

/** What a running server, or one that was killed, says of itself in its data folder (src/include/utils/pidfile.h). */
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
 * Says that the file is of a server that is gone, though its pid is another program's now: in containers it usually is,
 * and Postgres would refuse to start. Postgres ignores the pid of its parent, which we are. The rest of the file must
 * stay: by it Postgres finds out whether sessions of that server are still writing.
 */
export function disownPidFile(data: string): void {
  const lines = readFileSync(file(data), 'utf8').split('\n');
  writeFileSync(file(data), [String(process.pid), ...lines.slice(1)].join('\n'));
}
