import { chmodSync, existsSync, lchownSync, lstatSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { fatal } from '../../foundation/errors';
import { makePrivateFolder } from '../../foundation/secret';
import { serverUser, type ServerUser } from '../process/server-user';

/** The folders of a Redis, as real paths. */
export interface RedisPlace {
  /** The folder that the server writes to. */
  readonly dataDir: string;
  /** The folder of our own files: lock, port, password, log. */
  readonly ownDir: string;
  /** The user as whom the server runs; undefined: as ourselves. */
  readonly user: ServerUser | undefined;
}

/** Makes the folders; our own one nobody else may enter. */
export function placeRedis(dataFolder: string, ownFolder: string): RedisPlace {
  for (const folder of [ownFolder, dataFolder]) makePrivateFolder(folder);
  const [dataDir, ownDir] = [realpathSync(dataFolder), realpathSync(ownFolder)];
  if (lstatSync(ownDir).uid === process.getuid?.()) chmodSync(ownDir, 0o700);
  // If our folder belongs to another user, the data do, too.
  const user = serverUser(lstatSync(ownDir).uid === 0 ? dataDir : ownDir);
  return { dataDir, ownDir, user };
}

/** Gives what still is root's to a user. A folder comes after its contents: before that nobody else can put a link into it to mislead us. */
function giveTo(user: ServerUser, path: string): void {
  const found = lstatSync(path);
  if (found.uid !== 0) return;
  if (found.isDirectory()) for (const name of readdirSync(path)) giveTo(user, join(path, name));
  lchownSync(path, user.uid, user.gid);
}

/**
 * Moves data that version 0.1 has kept beside our own files (owned by root, if we are root) to the data folder. To be called while we hold
 * the place, and no server runs on it.
 * @throws E_EMBEDDED_START when there are data in both places: we cannot say which are wanted
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
