import { readFileSync, statSync } from 'node:fs';

import { runProgram } from './run-program';

/** Whom a server runs as where it refuses to run as ourselves. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** In the order of preference; macOS has the one with the underscore. */
const NAMES = ['postgres', '_postgres', 'nobody'];
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 };

/** From the lines of /etc/passwd. initdb wants the user to be listed there, so a number of our own would not do. */
export function chooseUser(passwd: string): ServerUser {
  const users = passwd.split('\n').map((line) => line.split(':'));
  for (const name of NAMES) {
    const [, , uid, gid] = users.find((fields) => fields[0] === name) ?? [];
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return NOBODY;
}

function listedUsers(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

/**
 * Postgres refuses to run as root, so root runs it as somebody else; undefined for everybody but root.
 * Data that exist belong to whom they were made for: `data` is their folder.
 */
export function serverUser(data: string): ServerUser | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = statSync(data, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return chooseUser(listedUsers());
}

/** Asked of the system itself: the bits of the folders above do not say it all (access lists, mounts). */
export async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  const entering = await runProgram('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', ...user });
  return entering.ok;
}
