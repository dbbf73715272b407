import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config';
import { readRecord } from './daemon-record';
import { startRedis } from './embedded/redis';
import { createSampleDatabase } from './embedded/sample-db';
import { fatal } from './errors';
import type { Log } from './log';
import { parseRedisUrl } from './redis-url';

/** The configuration with every store named, and how to stop what was started for it. */
export interface Stores {
  readonly config: Config;
  /** What was started, in words for the banner. */
  readonly started: readonly string[];
  readonly stop: () => Promise<void>;
}

/** Starts real servers for what the configuration leaves open, and a small sample database when there is none. */
export async function startEmbedded(config: Config, log: Log): Promise<Stores> {
  const started: string[] = [];
  const { dbPath } = config;
  let { redis } = config;
  const running = readRecord(config.dataDir);
  if (running !== undefined) {
    throw fatal(`a daemon with embedded servers is running here already (pid ${running.pid})`, {
      code: 'E_ALREADY_RUNNING',
      hint: `Stop it first, set REDIS_URL=${running.redisUrl} to run beside it, or set MILLRACE_DIR to another folder.`,
    });
  }
  let stop = () => Promise.resolve();
  if (!config.redisConfigured) {
    const server = await startRedis({
      dataDir: join(config.dataDir, 'redis'),
      log: (message) => {
        log.info(message, { event: 'embedded' });
      },
    });
    stop = () => server.stop();
    redis = targetOf(server.url);
    started.push(`Redis ${server.version} (${server.origin}) at ${server.url}, data in ${config.dataDir}`);
  }
  if (!config.dbConfigured && !existsSync(dbPath)) {
    createSampleDatabase(dbPath);
    started.push(`a sample database, ${dbPath}`);
  }
  return { config: { ...config, redis, dbPath, redisConfigured: true, dbConfigured: true }, started, stop };
}

/** Points what the configuration leaves open at a daemon with embedded servers, when one runs here. */
export function useRunningDaemon(config: Config): Config & { readonly daemonUrl?: string } {
  const record = config.redisConfigured ? undefined : readRecord(config.dataDir);
  if (record === undefined) return config;
  return {
    ...config,
    redis: targetOf(record.redisUrl),
    dbPath: config.dbConfigured ? config.dbPath : record.dbPath,
    daemonUrl: record.http,
  };
}

function targetOf(url: string) {
  const target = parseRedisUrl(url);
  if (typeof target === 'string') throw new Error(`${url} ${target}`);
  return target;
}
