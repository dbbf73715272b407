import { closeSync, openSync } from 'node:fs';
import { describeError, type MillraceError, retryable } from './errors';

/** Error codes that say what this machine or process lacks; the server that was to be reached has nothing to do with them. */
const faults: Readonly<Record<string, readonly [string, string]>> = {
  EMFILE: [
    'this process may open no more files and connections',
    'Raise its limit (LimitNOFILE in systemd, ulimit -n), and look at what it has open: ls -l /proc/<pid>/fd.',
  ],
  ENFILE: [
    'this machine can open no more files',
    'Find the program that has them open (lsof), or raise fs.file-max.',
  ],
  ENOMEM: ['this machine has no memory left for it', 'Free memory, or raise the limit of this process.'],
  ENOBUFS: ['this machine has no memory left for it', 'Free memory, or raise the limit of this process.'],
  EADDRNOTAVAIL: [
    'this machine has no local port or address left for it',
    'Look for a program that opens connections without end (ss -s), and at net.ipv4.ip_local_port_range.',
  ],
  EACCES: ['this machine does not allow it', 'Look at its firewall and at the rights of a socket’s folder.'],
  EPERM: ['this machine does not allow it', 'Look at its firewall, and at what restricts this service.'],
};

/** The code if this process has run out of file descriptors: look-ups of names and SQLite fail then without saying why. */
function outOfDescriptors(): string | undefined {
  try {
    closeSync(openSync(process.execPath, 'r'));
    return undefined;
  } catch (error) {
    const { code } = describeError(error);
    return code === 'EMFILE' || code === 'ENFILE' ? code : undefined;
  }
}

/**
 * Explains why something could not be opened, if this machine or process lacks something. @param what for example "Redis at host:port"
 * @returns undefined: it lacks nothing, as far as we can see
 */
export function localFault(error: unknown, what: string): MillraceError | undefined {
  const { code } = describeError(error);
  const hides = /^(EAI_|ENOTFOUND|SQLITE_CANTOPEN|SQLITE_IOERR)/.test(code);
  const found = Object.hasOwn(faults, code) ? code : hides ? outOfDescriptors() : undefined;
  const [why, hint] = found === undefined ? [] : (faults[found] ?? []);
  if (found === undefined || why === undefined || hint === undefined) return undefined;
  return retryable(`cannot open a connection to ${what}: ${why} (${found})`, {
    code: 'E_LOCAL_RESOURCES',
    cause: error,
    hint,
  });
}
