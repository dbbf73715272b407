import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { clusterOf } from './server-place';
import { makePrivateFolder } from '../../foundation/secret';
import { serverUser } from './server-user';

/** Our own files in MILLRACE_DIR; a folder with anything else in it is not closed. */
const ours = /^(redis|postgres|daemon\.json(\.\d+)?|sports_data\.db(-wal|-shm)?)$/;

/**
 * Makes the folder of the embedded servers, which nobody else may enter, and closes one that an earlier version has left open. If we are
 * root, its group is that of the servers' user, who has to get through to the data but may not list the folder.
 * @returns false when others may enter, and the folder is not ours alone to close
 */
export function closeFolder(folder: string): boolean {
  makePrivateFolder(folder);
  if (process.getuid === undefined) return true; // Windows: rights are inherited from the folder above
  const { uid, mode } = statSync(folder);
  const user = uid === 0 ? serverUser(clusterOf(join(folder, 'postgres'))) : undefined;
  const wanted = user === undefined ? 0o700 : 0o710;
  if (uid !== process.getuid() || readdirSync(folder).some((name) => !ours.test(name))) {
    return (mode & 0o077 & ~wanted) === 0;
  }
  if (user !== undefined) chownSync(folder, uid, user.gid);
  chmodSync(folder, wanted);
  return true;
}
