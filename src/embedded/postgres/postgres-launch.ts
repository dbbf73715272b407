import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { describeError, fatal, type MillraceError } from '../../foundation/errors';
import { type PostgresBinary, programIn } from './postgres-check';
import { serverEnvironment } from './postgres-cluster';
import { POSTGRES_ENDING } from './postgres-orphan';
import { readPidFile } from './postgres-pid-file';
import { launchOnPort, recordedPort } from '../process/port';
import { clusterOf, type Place } from '../process/server-place';
import { LOOPBACK } from '../process/ask-redis';
import { lastLines } from '../process/run-program';
import { type Exit, type ServerProcess, spawnServer } from '../process/server-process';

export interface LaunchOptions extends Place {
  readonly binary: PostgresBinary;
  /** The port; undefined: the one of the last run if it is free, else any. */
  readonly port: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly extraEnvironment: Readonly<Record<string, string>>;
  readonly log: (message: string) => void;
}

export interface Launch {
  readonly server: ServerProcess;
  readonly port: number;
}

const POLL_MS = 4;
/** How long the server may take to its first sign of life; recovery after a crash comes later and may take longer. */
const START_DEADLINE_MS = 30_000;
/** How long sessions of a killed server are waited for: one in a query notices only at its end that the server is gone. */
const LEFTOVER_DEADLINE_MS = 30_000;
const LEFTOVER_POLL_MS = 200;

export const logFileOf = (dataDir: string): string => join(dataDir, 'postgres.log');
const portFile = (dataDir: string): string => join(dataDir, 'postgres.port');

function codeOf(log: string): string {
  if (/Address already in use|Only one usage of each socket/i.test(log)) return 'E_PORT_IN_USE';
  return /shared memory block .* is still in use/i.test(log) ? 'E_EMBEDDED_IN_USE' : 'E_EMBEDDED_START';
}

function diedAtStart(dataDir: string, port: number, exit: Exit): MillraceError {
  const logFile = logFileOf(dataDir);
  const log = lastLines(readFileSync(logFile, 'utf8'), 5);
  const how = exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : exit.signal;
  return fatal(`Postgres did not start on port ${port} (${how}):\n${log}`, {
    code: codeOf(log),
    hint: `The whole log is in ${logFile}. To use a Postgres of your own, set POSTGRES_URL.`,
  });
}

async function untilReady(server: ServerProcess, dataDir: string, port: number): Promise<void> {
  let deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    if (server.state.exit !== undefined) throw diedAtStart(dataDir, port, server.state.exit);
    const found = readPidFile(clusterOf(dataDir));
    if (found?.pid === server.pid) {
      if (found.status === 'ready') return;
      deadline = performance.now() + START_DEADLINE_MS;
    }
    if (performance.now() > deadline) {
      server.kill('SIGKILL');
      await server.stop();
      throw diedAtStart(dataDir, port, await server.exited);
    }
    await delay(POLL_MS);
  }
}

async function launchOn(port: number, options: LaunchOptions): Promise<Launch> {
  const { binary, dataDir, user, settings, extraEnvironment } = options;
  const data = clusterOf(dataDir);
  const all = { ...settings, listen_addresses: LOOPBACK, port: String(port), unix_socket_directories: '' };
  const args = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const output = openSync(logFileOf(dataDir), 'w', 0o600);
  try {
    const server = await spawnServer({
      path: programIn(binary.binDir, 'postgres'),
      args,
      env: { ...serverEnvironment(), ...extraEnvironment },
      cwd: data,
      output,
      ending: POSTGRES_ENDING,
      user,
    });
    await untilReady(server, dataDir, port);
    return { server, port };
  } finally {
    closeSync(output);
  }
}

/** Waits for the sessions of a server that was killed: they may still be writing. */
async function launchAfterLeftovers(port: number, options: LaunchOptions): Promise<Launch> {
  const deadline = performance.now() + LEFTOVER_DEADLINE_MS;
  for (;;) {
    try {
      return await launchOn(port, options);
    } catch (error) {
      if (describeError(error).code !== 'E_EMBEDDED_IN_USE' || performance.now() > deadline) throw error;
      await delay(LEFTOVER_POLL_MS);
    }
  }
}

/** Starts the server and waits until it takes connections. */
export function launchPostgres(options: LaunchOptions): Promise<Launch> {
  const { port: wanted, dataDir, log } = options;
  const file = portFile(dataDir);
  return launchOnPort({ server: 'Postgres', wanted, last: recordedPort(file), log }, async (port) => {
    const launch = await launchAfterLeftovers(port, options);
    writeFileSync(file, `${port}\n`);
    return launch;
  });
}
