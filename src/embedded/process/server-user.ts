import { readFileSync, statSync } from 'node:fs';

import { runProgram } from './run-program';

/** The user as whom a server runs that refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Users that may do, in the order of preference; macOS has the one with the underscore. */
const NAMES = ['postgres', '_postgres', 'nobody'];
const NOBODY: ServerUser = { uid: 65_534, gid: 65_534 };

/** Chooses a user in /etc/passwd. initdb requires that the user is listed there, so an arbitrary number would not do. */
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
 * The user as whom root runs Postgres, which refuses to run as root; undefined for everybody but root. If data exist, it is their owner.
 * @param data the folder of the data
 */
export function serverUser(data: string): ServerUser | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = statSync(data, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return chooseUser(listedUsers());
}

/** Whether a user can enter a folder. The system itself is asked: the modes of folders do not tell everything (access lists, mounts). */
export async function canEnter(folder: string, user: ServerUser): Promise<boolean> {
  const entering = await runProgram('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', ...user });
  return entering.ok;
}
