import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { describeError, fatal } from '../errors';
import { defaultCacheDir } from './cache-dir';
import { holdDirectory } from './data-dir-lock';
import { askRedis, freePort, LOOPBACK } from './redis-ask';
import { findRedisServer } from './redis-binary';
import { endOrphan, recordPort } from './redis-orphan';
import type { RedisServerBinary } from './redis-server-check';
import { lastLines } from './run-program';
import { type Exit, type ServerProcess, spawnServer } from './server-process';

export interface StartRedisOptions {
  /** Created when missing; one server at a time. Holds the data, the port and the server's log. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Default true: the data survives a restart, and all but the last second of it a crash. */
  readonly persist?: boolean;
  /** Further arguments for redis-server, for example ['--maxmemory', '64mb']. */
  readonly extraArgs?: readonly string[];
  readonly log?: (message: string) => void;
  readonly cacheDir?: string;
}

export interface EmbeddedRedis {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly origin: string;
  readonly version: string;
  /** Settles, and never rejects, when the server has ended for whatever reason. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, and SIGKILL for a server that does not end by it. Resolves when it is gone; may be called again. */
  readonly stop: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
}

const PORT_ATTEMPTS = 5;
const POLL_MS = 4;
/** From start to the first answer; reading a long append-only file comes after that and may take its time. */
const START_DEADLINE_MS = 30_000;

const logFile = (dataDir: string): string => join(dataDir, 'redis.log');

function serverArguments(dataDir: string, port: number, options: StartRedisOptions): string[] {
  const durability = (options.persist ?? true) ? ['yes', '--appendfsync', 'everysec'] : ['no'];
  return [
    ...['--bind', LOOPBACK, '--protected-mode', 'yes', '--port', String(port), '--dir', dataDir],
    ...['--daemonize', 'no', '--save', '', '--appendonly', ...durability],
    ...(options.extraArgs ?? []),
  ];
}

function diedAtStart(dataDir: string, port: number, exit: Exit): Error {
  const log = lastLines(readFileSync(logFile(dataDir), 'utf8'), 5);
  const how = exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : exit.signal;
  return fatal(`Redis did not start on port ${port} (${how}):\n${log}`, {
    code: /Address already in use/i.test(log) ? 'E_PORT_IN_USE' : 'E_EMBEDDED_START',
    hint: `The whole log is in ${logFile(dataDir)}. To use a Redis of your own, set REDIS_URL.`,
  });
}

/** Windows' ports of Redis may run under a launcher, with another pid than the one we started. */
const isFrom = (replies: string, pid: number): boolean =>
  process.platform === 'win32' || replies.includes(`process_id:${pid}\r\n`);

async function untilReady(server: ServerProcess, dataDir: string, port: number): Promise<void> {
  let deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    if (server.state.exit !== undefined) throw diedAtStart(dataDir, port, server.state.exit);
    // Whoever answers may be another program's Redis that took the port before ours did.
    const replies = await Promise.race([askRedis(port, 'INFO server', 'PING'), server.exited.then(() => '')]);
    if (isFrom(replies, server.pid)) {
      if (replies.includes('+PONG')) return;
      if (replies.includes('-LOADING')) deadline = performance.now() + START_DEADLINE_MS;
    }
    if (performance.now() > deadline) {
      server.kill('SIGKILL');
      throw diedAtStart(dataDir, port, await server.exited);
    }
    await delay(POLL_MS);
  }
}

interface Launch {
  readonly server: ServerProcess;
  readonly port: number;
}

async function launch(
  binary: RedisServerBinary,
  dataDir: string,
  options: StartRedisOptions,
): Promise<Launch> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    recordPort(dataDir, port);
    const output = openSync(logFile(dataDir), 'w');
    // A locale named in the environment but not installed makes Redis refuse to start.
    const env = { ...process.env, ...binary.env, LC_ALL: 'C' };
    const args = serverArguments(dataDir, port, options);
    try {
      const server = await spawnServer({ path: binary.path, args, env, cwd: dataDir, output });
      await untilReady(server, dataDir, port);
      return { server, port };
    } catch (error) {
      // The port was free a moment ago: another program was quicker. Take another.
      const taken = describeError(error).code === 'E_PORT_IN_USE';
      if (!taken || options.port !== undefined || attempt === PORT_ATTEMPTS) throw error;
    } finally {
      closeSync(output);
    }
  }
}

/**
 * Starts a real Redis server on the loopback interface and waits until it answers. It does not keep our process alive and
 * never outlives it: see watchdog.ts. Ctrl+C does not reach it: whoever started it stops it when done.
 * Throws E_NO_REDIS, E_EMBEDDED_IN_USE (the directory has a server), E_PORT_IN_USE or E_EMBEDDED_START.
 */
export async function startRedis(options: StartRedisOptions): Promise<EmbeddedRedis> {
  const { log = () => undefined } = options;
  const binary = await findRedisServer({ cacheDir: options.cacheDir ?? defaultCacheDir(), log });
  mkdirSync(options.dataDir, { recursive: true });
  const dataDir = realpathSync(options.dataDir);
  const hold = holdDirectory(dataDir);
  try {
    await endOrphan(dataDir, log);
    const { server, port } = await launch(binary, dataDir, options);
    void server.exited.then(hold.release);
    return {
      url: `redis://${LOOPBACK}:${port}`,
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
