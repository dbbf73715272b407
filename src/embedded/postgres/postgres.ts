import { accessSync, constants, realpathSync } from 'node:fs';

import { describeError, fatal } from '../../foundation/errors';
import { defaultCacheDir } from '../process/cache-dir';
import { type DirectoryHold, holdDirectory } from '../process/data-dir-lock';
import { findPostgres } from './postgres-binary';
import { ensureCluster, majorOf, passwordOf, USER } from './postgres-cluster';
import { ensureDatabase } from './postgres-database';
import { launchPostgres, logFileOf } from './postgres-launch';
import { endPostgresOrphan } from './postgres-orphan';
import { clusterOf, type Place, placeFor } from '../process/server-place';
import { LOOPBACK } from '../process/ask-redis';
import { makePrivateFolder } from '../../foundation/secret';
import type { Exit } from '../process/server-process';

export interface StartPostgresOptions {
  /**
   * The folder of the data, the password, the port and the server's log. Created when missing; used by one server at a time. If root
   * names a folder that other users cannot reach, a folder elsewhere is used instead: see server-place.ts.
   */
  readonly dataDir: string;
  /** Default: the port of the last run if it is free, else any free one. */
  readonly port?: number;
  /** Default true: whatever was committed survives a power failure. False: it survives a stop and a kill only. */
  readonly persist?: boolean;
  /** Further settings, for example { max_connections: '200' }. */
  readonly extraSettings?: Readonly<Record<string, string>>;
  /** Further variables of its environment. */
  readonly extraEnvironment?: Readonly<Record<string, string>>;
  /** A folder with postgres and initdb, to be used instead of those of the npm package or the system. */
  readonly binDir?: string;
  readonly log?: (message: string) => void;
  readonly cacheDir?: string;
}

export interface EmbeddedPostgres {
  /** The URL with the password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly pid: number;
  /** The folder where the data really are. */
  readonly dataDir: string;
  readonly origin: string;
  readonly version: string;
  /** Settles, and never rejects, when the server has ended for whatever reason. */
  readonly exited: Promise<Exit>;
  /** A fast shutdown (clients are disconnected), and SIGKILL for a server that does not end by it. May be called again. */
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const DATABASE = 'ai_models';

/** Settings for a small machine. */
const SETTINGS = {
  shared_buffers: '128MB',
  max_wal_size: '1GB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
  synchronous_commit: 'on',
};

async function startIn(place: Place, options: StartPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, user } = place;
  const { log = () => undefined, persist = true, binDir, extraEnvironment = {} } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const binary = await findPostgres({ cacheDir, log, binDir, user, major: majorOf(dataDir) });
  await endPostgresOrphan(clusterOf(dataDir), log);
  await ensureCluster(binary, { ...place, persist, logFile: logFileOf(dataDir) });
  const settings = { ...SETTINGS, fsync: persist ? 'on' : 'off', ...options.extraSettings };
  const { server, port } = await launchPostgres({
    ...place,
    binary,
    port: options.port,
    settings,
    extraEnvironment,
    log,
  });
  const access = { host: LOOPBACK, port, user: USER, password: passwordOf(dataDir) };
  try {
    await ensureDatabase(access, DATABASE);
  } catch (cause) {
    await server.stop();
    throw fatal(`Postgres started but refused us: ${describeError(cause).message}`, {
      code: 'E_EMBEDDED_START',
      hint: `The server's log is ${logFileOf(dataDir)}. To use a Postgres of your own, set POSTGRES_URL.`,
      cause,
    });
  }
  return {
    ...access,
    url: `postgres://${USER}:${access.password}@${LOOPBACK}:${port}/${DATABASE}`,
    database: DATABASE,
    pid: server.pid,
    dataDir,
    origin: binary.origin,
    version: binary.version,
    exited: server.exited,
    stop: server.stop,
    kill: server.kill,
  };
}

function holdWritable(folder: string): DirectoryHold {
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw fatal(`${folder} cannot be written by this user`, {
      code: 'E_EMBEDDED_START',
      hint: 'Run as the user who first started it, or set MILLRACE_DIR to another folder.',
      cause,
    });
  }
  return holdDirectory(folder);
}

/**
 * Starts a real Postgres server on the loopback interface and waits until it answers. It does not keep our process alive
 * and never outlives it: see watchdog.ts. Ctrl+C does not reach it: whoever started it stops it when done.
 * Throws E_NO_POSTGRES, E_EMBEDDED_IN_USE (the directory has a server), E_PORT_IN_USE or E_EMBEDDED_START.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<EmbeddedPostgres> {
  makePrivateFolder(options.dataDir);
  const wanted = realpathSync(options.dataDir);
  const holds = [holdWritable(wanted)];
  const release = () => {
    for (const hold of holds.splice(0)) hold.release();
  };
  try {
    const place = await placeFor(wanted, options.log ?? (() => undefined));
    // Two folders may point to the same place, if one is a copy of the other.
    if (place.dataDir !== wanted) holds.push(holdWritable(place.dataDir));
    const postgres = await startIn(place, options);
    void postgres.exited.then(release);
    return postgres;
  } catch (error) {
    release();
    throw error;
  }
}
