import { exhaustMap, ignoreElements, lastValueFrom, merge, takeUntil, timer } from 'rxjs';
import { AliasLane } from './aliases/lane';
import { isNetworkPath, networkWarning } from './aliases/network-path';
import { banner, stopped } from './aliases/report';
import { aliasStatus, type AliasStatus, aliasTroubles } from './aliases/status';
import { databaseWake$ } from './aliases/wake';
import type { Config } from './config';
import { describeError } from './errors';
import type { Log } from './log';
import { createMetrics } from './metrics';
import { abort$, pump } from './pipeline/pump';
import { RedisConnection } from './redis';
import { startHttp } from './status/http';

export interface DaemonStatus {
  readonly pid: number;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly troubles: readonly string[];
  readonly aliases: AliasStatus;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  /** Aborts for a clean stop. */
  readonly signal: AbortSignal;
  /** Called when the health endpoint listens. */
  readonly onListening?: (httpUrl: string) => void;
}

/** SQLite and Redis are near and cheap to ask: a fault is looked at again within a second. */
const backoff = { baseMs: 50, capMs: 1_000 };
/** A batch in hand at the stop gets this long before its connection is cut. The checkpoint makes that safe. */
const stopDeadlineMs = 3_000;

/** Runs everything until the signal aborts. @throws the fatal error that ended it; everything is closed either way. */
export async function runDaemon({ config, log, signal, onListening }: DaemonOptions): Promise<void> {
  const startedAt = Date.now();
  const metrics = createMetrics();
  const connection = new RedisConnection(config.redis, 'aliases');
  const lane = new AliasLane({
    path: config.dbPath,
    mappings: config.aliasTables,
    aliasCase: config.aliasCase,
    install: config.capture,
    force: false,
    connection,
    log,
    metrics,
  });
  const status = (): DaemonStatus => {
    const aliases = aliasStatus(lane, config.dbPath, config.redis.display);
    const troubles = aliasTroubles(aliases, config.aliasIntervalSeconds);
    if (aliases.lagRecords !== null) metrics.lagRecords.set({ pipeline: 'aliases' }, aliases.lagRecords);
    if (aliases.lagSeconds !== null) metrics.lagSeconds.set({ pipeline: 'aliases' }, aliases.lagSeconds);
    return { pid: process.pid, startedAt, ready: troubles.length === 0, troubles, aliases };
  };

  log.info('started', {
    event: 'start',
    database: config.dbPath,
    redis: config.redis.display,
    intervalSeconds: config.aliasIntervalSeconds,
    text: banner(config),
  });
  if (isNetworkPath(config.dbPath))
    log.warn(networkWarning.what, { event: 'network', hint: networkWarning.remedy });
  const http = await startHttp({ ...config.http, metrics, log, status, troubles: () => status().troubles });
  log.info(`health and metrics: ${http.url}`, { event: 'http.listening' });
  onListening?.(http.url);
  let cutTimer: NodeJS.Timeout | undefined;
  const cut = () => {
    cutTimer = setTimeout(() => {
      connection.close();
    }, stopDeadlineMs).unref();
  };
  signal.addEventListener('abort', cut, { once: true });
  const aliases$ = pump({
    cycle: () => lane.cycle(),
    wake$: databaseWake$(config.dbPath),
    backoff,
    signal,
    onFailure: (error, attempt, delayMs) => {
      metrics.errors.inc({ pipeline: 'aliases', code: describeError(error).code });
      // The first failure and then ever fewer: a store that is away for an hour is not news each second.
      const level = attempt < 4 ? 'warn' : 'error';
      if (Number.isInteger(Math.log2(attempt)))
        log.failure(level, error, { pipeline: 'aliases', attempt, delayMs });
    },
    onRecovery: () => {
      log.info('recovered', { event: 'recovered', pipeline: 'aliases' });
    },
  });
  const passes$ = timer(0, config.aliasIntervalSeconds * 1_000).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(abort$(signal)),
  );
  try {
    await lastValueFrom(merge(aliases$, passes$).pipe(ignoreElements()), { defaultValue: undefined });
    log.info('stopped', { event: 'stop', text: stopped });
  } finally {
    signal.removeEventListener('abort', cut);
    clearTimeout(cutTimer);
    await lane.sink.drain().catch(() => undefined); // already reported by the cycle that sent it
    lane.close();
    connection.close();
    await http.close();
  }
}
