import { defaultCacheDir } from '../process/cache-dir';
import { holdDirectory } from '../process/data-dir-lock';
import { LOOPBACK } from '../process/ask-redis';
import { findRedisServer } from './redis-binary';
import { launchRedis } from './redis-launch';
import { endRedisOrphan, passwordFile } from './redis-orphan';
import { placeRedis, settleData } from './redis-place';
import { writeSecret } from '../../foundation/secret';
import type { Exit } from '../process/server-process';

export interface StartRedisOptions {
  /** The folder of the data. Created when missing; used by one server at a time. If we are root, the server's user owns it. */
  readonly dataDir: string;
  /** The folder of lock, port, password and the server's log, which are ours, whoever runs the server. Default: dataDir. */
  readonly ownDir?: string;
  /** The password for clients. Default: none, so that whoever reaches the port may do anything: for tests only. */
  readonly password?: string;
  /** Default: the port of the last run if it is free, else any free one. */
  readonly port?: number;
  /** Default true: the data survives a restart, and all but the last second of it a crash. */
  readonly persist?: boolean;
  /** Further arguments for redis-server, for example ['--maxmemory', '64mb']. */
  readonly extraArgs?: readonly string[];
  /** Further variables of its environment. */
  readonly extraEnvironment?: Readonly<Record<string, string>>;
  readonly log?: (message: string) => void;
  readonly cacheDir?: string;
}

export interface EmbeddedRedis {
  /** The URL with the password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly origin: string;
  readonly version: string;
  /** Settles, and never rejects, when the server has ended for whatever reason. */
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM, and SIGKILL to a server that does not end by that. Resolves when the server is gone; may be called again. */
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/**
 * Starts a real Redis server on the loopback interface and waits until it answers. It does not keep our process alive and
 * never outlives it: see watchdog.ts. Ctrl+C does not reach it: whoever started it stops it when done.
 * Throws E_NO_REDIS, E_EMBEDDED_IN_USE (the directory has a server), E_PORT_IN_USE or E_EMBEDDED_START.
 */
export async function startRedis(options: StartRedisOptions): Promise<EmbeddedRedis> {
  const {
    log = () => undefined,
    password,
    persist = true,
    extraArgs = [],
    extraEnvironment = {},
    port: wantedPort,
  } = options;
  const place = placeRedis(options.dataDir, options.ownDir ?? options.dataDir);
  const hold = holdDirectory(place.ownDir);
  try {
    const cacheDir = options.cacheDir ?? defaultCacheDir();
    const binary = await findRedisServer({ cacheDir, log, user: place.user });
    await endRedisOrphan(place, log);
    settleData(place);
    if (password !== undefined) writeSecret(passwordFile(place.ownDir), `${password}\n`);
    const launch = {
      ...place,
      binary,
      password,
      persist,
      extraArgs,
      extraEnvironment,
      port: wantedPort,
      log,
    };
    const { server, port } = await launchRedis(launch);
    void server.exited.then(hold.release);
    return {
      url: `redis://${password === undefined ? '' : `:${password}@`}${LOOPBACK}:${port}`,
      host: LOOPBACK,
      port,
      pid: server.pid,
      origin: binary.origin,
      version: binary.version,
      exited: server.exited,
      stop: server.stop,
      kill: server.kill,
    };
  } catch (error) {
    hold.release();
    throw error;
  }
}
