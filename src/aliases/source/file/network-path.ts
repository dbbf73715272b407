import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** NFS, SMB, CIFS and SMB2 by the magic numbers of statfs(2). */
const networkFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

/** Whether the path is on a network: there SQLite's locks cannot be relied upon, and no file events come. */
export function isNetworkPath(path: string): boolean {
  if (/^[\\/]{2}[^\\/?.]/.test(path)) return true; // \\server\share
  try {
    return networkFileSystems.has(statfsSync(dirname(path)).type);
  } catch {
    return false;
  }
}

export const networkWarning = {
  what: 'DB_PATH lies on a network file system, where SQLite’s locks cannot be relied upon and file events do not arrive',
  remedy: 'Run Millrace on the machine that holds the file.',
} as const;
