import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { clusterOf } from './server-place';
import { makePrivateFolder } from '../../foundation/secret';
import { serverUser } from './server-user';

/** What MILLRACE_DIR holds of ours; a folder with anything else in it is not for us to close. */
const ours = /^(redis|postgres|daemon\.json(\.\d+)?|sports_data\.db(-wal|-shm)?)$/;

/**
 * Makes the folder of the embedded servers, which nobody else may enter, and closes one that an earlier version left open. Where
 * we are root its group is that of the user as whom the servers run, who has to get through to the data, and may not look around.
 * @returns false: others may enter, and it is not ours alone to close
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
