import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fatal } from '../errors';
import { askRedis } from './redis-ask';
import { eventually } from './eventually';

const file = (dataDir: string): string => join(dataDir, 'redis.port');
const DEADLINE_MS = 15_000;

/** Written before the server is started, so that whoever comes after a kill knows where to look for it. */
export function recordPort(dataDir: string, port: number): void {
  writeFileSync(file(dataDir), `${port}\n`);
}

function recordedPort(dataDir: string): number | undefined {
  try {
    const port = Number(readFileSync(file(dataDir), 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** The port may by now be another program's: only a server that names our directory is ours. */
async function servesDirectory(port: number, dataDir: string): Promise<boolean> {
  return (await askRedis(port, 'CONFIG GET dir')).split('\r\n').includes(dataDir);
}

/**
 * Ends the server that an earlier, killed run left behind on this directory: two servers would overwrite each other's
 * append-only file. Its watchdog is ending it already, so this is mostly a wait. Call it while holding the directory:
 * nobody else's server can then be on it.
 */
export async function endOrphan(dataDir: string, log: (message: string) => void): Promise<void> {
  const port = recordedPort(dataDir);
  if (port === undefined || !(await servesDirectory(port, dataDir))) return;
  log(`Stopping the Redis server of an earlier run on ${dataDir} (port ${port})`);
  await askRedis(port, 'SHUTDOWN');
  // Redis closes its port after it has written everything.
  const gone = await eventually(async () => !(await servesDirectory(port, dataDir)), DEADLINE_MS);
  if (!gone) {
    throw fatal(`The Redis server of an earlier run on ${dataDir} does not stop (port ${port})`, {
      code: 'E_EMBEDDED_IN_USE',
      hint: 'End that redis-server process, then start again.',
    });
  }
  rmSync(file(dataDir), { force: true });
}
