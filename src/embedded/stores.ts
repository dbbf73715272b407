import { existsSync } from 'node:fs';
import { defaultMappings } from '../mapping/alias-tables';
import type { Config } from '../config/load';
import { readDaemonRecord } from '../control/daemon-record';
import { closeFolder } from './process/private-folder';
import { createSampleDatabase, isSampleDatabase } from './sample-db';
import { guardedPostgres, guardedRedis } from './servers';
import { fatal } from '../foundation/errors';
import type { Log } from '../log/log';
import { pipelineNames } from '../config/names';
import { parsePostgresUrl } from '../connections/postgres/postgres-url';
import { parseRedisUrl } from '../connections/redis-url';

/** A configuration in which every store is named, and how to stop the servers that were started for it. */
export interface NamedStores {
  readonly config: Config;
  /** What was started, in words for the banner. */
  readonly started: readonly string[];
  /** Whether all three stores are Millrace's own, with default settings: then the demo may write to them. */
  readonly ours: boolean;
  readonly stop: () => Promise<void>;
}

/** Starts real servers for stores that the configuration does not name, and makes a small sample database if there is none. */
export async function startEmbedded(config: Config, log: Log): Promise<NamedStores> {
  const running = readDaemonRecord(config.dataDir);
  if (running !== undefined) {
    throw fatal(`a daemon with embedded servers is running here already (pid ${running.pid})`, {
      code: 'E_ALREADY_RUNNING',
      hint: 'Stop it first, or set MILLRACE_DIR to another folder.',
    });
  }
  if (!closeFolder(config.dataDir)) {
    log.warn(`others may enter ${config.dataDir}, which holds more than what is Millrace's`, {
      event: 'embedded.open',
      hint: `chmod 700 ${config.dataDir}, or let MILLRACE_DIR name a folder of its own.`,
    });
  }
  const started: string[] = [];
  const servers: { stop: () => Promise<void> }[] = [];
  const stop = async () => {
    for (const server of servers.splice(0)) await server.stop();
  };
  const tell = (message: string) => {
    log.info(message, { event: 'embedded' });
  };
  const embedRedis = async () => {
    if (config.redisConfigured) return config.redis;
    const server = await guardedRedis({ folder: config.dataDir, log: tell });
    servers.push(server);
    const { version, origin, host, port, passwordFile } = server;
    started.push(`Redis ${version} (${origin}) at ${host}:${port}, its password in ${passwordFile}`);
    return { ...config.redis, ...targetOf(parseRedisUrl, server.url) };
  };
  const embedPostgres = async () => {
    if (config.postgres !== undefined || !config.pipelines.includes('archive')) return config.postgres;
    const server = await guardedPostgres({ folder: config.dataDir, log: tell });
    servers.push(server);
    const { version, origin, host, port, user, passwordFile } = server;
    started.push(
      `PostgreSQL ${version} (${origin}) at ${host}:${port}, the password of ${user} in ${passwordFile}`,
    );
    return targetOf(parsePostgresUrl, server.url);
  };
  const [redis, postgres] = await Promise.allSettled([embedRedis(), embedPostgres()]);
  if (redis.status === 'rejected' || postgres.status === 'rejected') {
    await stop();
    throw redis.status === 'rejected' ? redis.reason : (postgres as PromiseRejectedResult).reason;
  }
  if (config.pipelines.includes('aliases') && !config.dbConfigured && !existsSync(config.dbPath)) {
    createSampleDatabase(config.dbPath);
    started.push(`a sample database, ${config.dbPath}`);
  }
  return {
    config: {
      ...config,
      redis: redis.value,
      postgres: postgres.value,
      redisConfigured: true,
      dbConfigured: true,
    },
    started,
    ours: leftToUs(config) && isSampleDatabase(config.dbPath),
    stop,
  };
}

/** Whether nobody has named a store, or set how to serve it. */
const leftToUs = (config: Config): boolean =>
  !config.redisConfigured &&
  config.postgres === undefined &&
  !config.dbConfigured &&
  config.pipelines === pipelineNames &&
  config.mappingsFile === undefined &&
  config.aliasTables === defaultMappings &&
  config.aliasCase === 'preserve' &&
  config.capture &&
  config.mirror;

/**
 * If a daemon with embedded servers runs here, takes its stores for those that the configuration does not name. A daemon of another Redis,
 * or with that Redis named of another SQLite file, is not the one that is meant.
 */
export function useRunningDaemon(config: Config): Config & { readonly daemonUrl?: string } {
  const record = readDaemonRecord(config.dataDir);
  if (record === undefined) return config;
  const redis = targetOf(parseRedisUrl, record.redisUrl);
  if (config.redisConfigured) {
    const sameRedis = (['host', 'port', 'db'] as const).every((part) => redis[part] === config.redis[part]);
    if (!sameRedis || (config.dbConfigured && config.dbPath !== record.dbPath)) return config;
  }
  const { postgresUrl } = record;
  return {
    ...config,
    redis: config.redisConfigured ? config.redis : { ...config.redis, ...redis },
    postgres:
      config.postgres ?? (postgresUrl === undefined ? undefined : targetOf(parsePostgresUrl, postgresUrl)),
    dbPath: config.dbConfigured ? config.dbPath : record.dbPath,
    daemonUrl: record.http,
  };
}

/** The target of a URL that we have made ourselves. */
function targetOf<T extends object>(parse: (url: string) => T | string, url: string): T {
  const target = parse(url);
  if (typeof target === 'string') throw new Error(`an embedded server's URL ${target}`);
  return target;
}
