import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { fatal } from '../../foundation/errors';
import { launchOnPort, recordedPort } from '../process/port';
import { LOOPBACK } from '../process/ask-redis';
import { portFile } from './redis-orphan';
import type { RedisPlace } from './redis-place';
import type { RedisServerBinary } from './redis-server-check';
import { lastLines } from '../process/run-program';
import { writeSecret } from '../../foundation/secret';
import { type Exit, type ServerProcess, spawnServer } from '../process/server-process';

export interface RedisLaunchOptions extends RedisPlace {
  readonly binary: RedisServerBinary;
  /** The port; undefined: the one of the last run if it is free, else any. */
  readonly port: number | undefined;
  readonly persist: boolean;
  readonly password: string | undefined;
  readonly extraArgs: readonly string[];
  readonly extraEnvironment: Readonly<Record<string, string>>;
  readonly log: (message: string) => void;
}

export interface RedisLaunch {
  readonly server: ServerProcess;
  readonly port: number;
}

const POLL_MS = 4;
/** How long the server may take to its first sign of life; reading a long append-only file comes later and may take longer. */
const START_DEADLINE_MS = 30_000;

const logFile = (ownDir: string): string => join(ownDir, 'redis.log');

/** `-` reads the configuration that launchOn passes by stdin. The data folder is the working directory, for its user may not reach it by its path. */
function serverArguments(port: number, { persist, password, extraArgs }: RedisLaunchOptions): string[] {
  const durability = persist ? ['yes', '--appendfsync', 'everysec'] : ['no'];
  return [
    ...['--bind', LOOPBACK, '--protected-mode', 'yes', '--port', String(port), '--dir', '.'],
    ...['--daemonize', 'no', '--save', '', '--appendonly', ...durability],
    ...extraArgs,
    ...(password === undefined ? [] : ['-']),
  ];
}

function diedAtStart(ownDir: string, port: number, exit: Exit): Error {
  const log = lastLines(readFileSync(logFile(ownDir), 'utf8'), 5);
  const how = exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : exit.signal;
  return fatal(`Redis did not start on port ${port} (${how}):\n${log}`, {
    code: /Address already in use/i.test(log) ? 'E_PORT_IN_USE' : 'E_EMBEDDED_START',
    hint: `The whole log is in ${logFile(ownDir)}. To use a Redis of your own, set REDIS_URL.`,
  });
}

/**
 * Waits until the server is ready, by its log. The port is not asked: another program may have taken it a moment before, and would be sent
 * the password.
 */
async function untilReady(server: ServerProcess, ownDir: string, port: number): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    if (server.state.exit !== undefined) throw diedAtStart(ownDir, port, server.state.exit);
    const log = readFileSync(logFile(ownDir), 'utf8');
    if (/ready to accept connections/i.test(log)) return;
    if (performance.now() > deadline && !log.includes('Server initialized')) {
      server.kill('SIGKILL');
      throw diedAtStart(ownDir, port, await server.exited);
    }
    await delay(POLL_MS);
  }
}

/** The configuration as an open file, which is complete whenever the server reads it: a pipe might give it only half of its settings. */
function openConfiguration({ ownDir, password }: RedisLaunchOptions): number | undefined {
  if (password === undefined) return undefined;
  const file = join(ownDir, 'redis.conf');
  writeSecret(file, `requirepass "${password}"\n`);
  return openSync(file, 'r');
}

async function launchOn(port: number, options: RedisLaunchOptions): Promise<RedisLaunch> {
  const { binary, dataDir, ownDir, user, extraEnvironment } = options;
  // Written before the server starts, so that the next run finds the server after a kill.
  writeFileSync(portFile(ownDir), `${port}\n`);
  const output = openSync(logFile(ownDir), 'w', 0o600);
  const input = openConfiguration(options);
  // A locale named in the environment but not installed makes Redis refuse to start.
  const env = { ...process.env, ...binary.env, ...extraEnvironment, LC_ALL: 'C' };
  const args = serverArguments(port, options);
  try {
    const server = await spawnServer({ path: binary.path, args, env, cwd: dataDir, input, output, user });
    await untilReady(server, ownDir, port);
    return { server, port };
  } finally {
    closeSync(output);
    if (input !== undefined) closeSync(input);
  }
}

/** Starts the server and waits until it takes connections. */
export function launchRedis(options: RedisLaunchOptions): Promise<RedisLaunch> {
  const { port: wanted, ownDir, log } = options;
  const last = recordedPort(portFile(ownDir));
  return launchOnPort({ server: 'Redis', wanted, last, log }, (port) => launchOn(port, options));
}
