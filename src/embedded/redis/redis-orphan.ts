import { join } from 'node:path';

import { fatal } from '../../foundation/errors';
import { eventually } from '../process/eventually';
import { recordedPort } from '../process/port';
import { askRedis } from '../process/ask-redis';
import type { RedisPlace } from './redis-place';
import { readSecret } from '../../foundation/secret';

export const portFile = (ownDir: string): string => join(ownDir, 'redis.port');
/** The password is made anew at each start: a program that took the port of a server that is gone, and was sent its password, cannot use it later. */
export const passwordFile = (ownDir: string): string => join(ownDir, 'password');
const DEADLINE_MS = 15_000;

/** Sends a command with a password; a server without one only complains about it. */
function ask(port: number, password: string | undefined, command: string): Promise<string> {
  return askRedis(port, ...(password === undefined ? [] : [`AUTH ${password}`]), command);
}

/**
 * Ends the server that an earlier, killed run left behind on these folders: two servers would overwrite each other's
 * append-only file. Its watchdog is ending it already, so this is mostly a wait. Call it while holding the folder:
 * nobody else's server can then be on it.
 */
export async function endRedisOrphan(place: RedisPlace, log: (message: string) => void): Promise<void> {
  const { dataDir, ownDir } = place;
  const port = recordedPort(portFile(ownDir));
  if (port === undefined) return;
  const password = readSecret(passwordFile(ownDir));
  // Only a server that names our folder is ours: the port may be another program's by now.
  const serves = async () =>
    (await ask(port, password, 'CONFIG GET dir'))
      .split('\r\n')
      .some((line) => line === dataDir || line === ownDir);
  if (!(await serves())) return;
  log(`Stopping the Redis server of an earlier run on ${dataDir} (port ${port})`);
  await ask(port, password, 'SHUTDOWN');
  // Redis closes its port after it has written everything.
  if (!(await eventually(async () => !(await serves()), DEADLINE_MS))) {
    throw fatal(`The Redis server of an earlier run on ${dataDir} does not stop (port ${port})`, {
      code: 'E_EMBEDDED_IN_USE',
      hint: 'End that redis-server process, then start again.',
    });
  }
}
