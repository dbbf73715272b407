import { chmodSync, existsSync, lchownSync, lstatSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { fatal } from '../../foundation/errors';
import { makePrivateFolder } from '../../foundation/secret';
import { serverUser, type ServerUser } from '../process/server-user';

/** Both are real paths. */
export interface RedisPlace {
  /** The server's: what it writes. */
  readonly dataDir: string;
  /** Ours: lock, port, password, log. */
  readonly ownDir: string;
  /** Whom the server runs as; undefined: as ourselves. */
  readonly user: ServerUser | undefined;
}

/** Makes the folders; what is ours nobody else may enter. */
export function placeRedis(dataFolder: string, ownFolder: string): RedisPlace {
  for (const folder of [ownFolder, dataFolder]) makePrivateFolder(folder);
  const [dataDir, ownDir] = [realpathSync(dataFolder), realpathSync(ownFolder)];
  if (lstatSync(ownDir).uid === process.getuid?.()) chmodSync(ownDir, 0o700);
  // Data in a folder of somebody else's are theirs.
  const user = serverUser(lstatSync(ownDir).uid === 0 ? dataDir : ownDir);
  return { dataDir, ownDir, user };
}

/** What is root's still. A folder itself last: until then nobody else can put a link into it that would lead us astray. */
function giveTo(user: ServerUser, path: string): void {
  const found = lstatSync(path);
  if (found.uid !== 0) return;
  if (found.isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name));
  lchownSync(path, user.uid, user.gid);
}

/**
 * Version 0.1 kept the data beside our own files, as root's where we are root. Call it while holding the place, with no server on it.
 * @throws E_EMBEDDED_START when there are data in both places: which of them are wanted is not for us to say
 */
export function settleData({ dataDir, ownDir, user }: RedisPlace): void {
  for (const name of dataDir === ownDir ? [] : ['dump.rdb', 'appendonlydir']) {
    const [old, path] = [join(ownDir, name), join(dataDir, name)];
    if (!existsSync(old)) continue;
    if (existsSync(path)) {
      throw fatal(`Redis has data in two places: ${old} and ${path}`, {
        code: 'E_EMBEDDED_START',
        hint: 'Move the one that is not wanted out of the folder.',
      });
    }
    if (user !== undefined) giveTo(user, old);
    renameSync(old, path);
  }
  if (user !== undefined) giveTo(user, dataDir);
}
