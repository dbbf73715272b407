import { exhaustMap, merge, takeUntil, timer } from 'rxjs';
import { startCounting } from '../metrics/metrics';
import { CheckpointAge } from '../pipeline/checkpoint-age';
import type { Tell } from '../pipeline/event';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import { nextTick } from '../pipeline/progress';
import { unlessFailing } from '../pipeline/unless-failing';
import { abort$ } from '../pipeline/pump';
import { runPump } from '../pipeline/run-pump';
import { RedisConnection } from '../connections/redis';
import { aliasLane } from './lane';
import { isNetworkPath, networkWarning } from './source/network-path';
import type { PassReport } from './pass/report';
import { pause, refusePaused, resume } from './sink/pause';
import { aliasHealth, aliasReadings, aliasStatus, type AliasStatus, aliasTroubles } from './status';
import { databaseWake$ } from './source/wake';

/** SQLite -> changelog -> Redis, with a full pass at start and each interval. */
export function aliasPipeline(options: PipelineOptions): Pipeline<AliasStatus, PassReport> {
  const { config, log, metrics, signal } = options;
  const pipeline = 'aliases';
  const startedAt = Date.now();
  const tell: Tell = (event) => {
    if (event.type === 'incident') metrics.incidents.inc({ pipeline });
    options.onEvent({ at: Date.now(), pipeline, ...event });
  };
  const connection = new RedisConnection(config.redis, 'aliases');
  const lane = aliasLane({
    path: config.dbPath,
    mappings: config.aliasTables,
    aliasCase: config.aliasCase,
    install: config.capture,
    force: false,
    connection,
    log,
    metrics,
    tell,
  });
  if (isNetworkPath(config.dbPath))
    log.warn(networkWarning.what, { event: 'network', hint: networkWarning.remedy });
  const intervalSeconds = config.aliasIntervalSeconds;
  const intervalMs = intervalSeconds * 1_000;
  const passes$ = timer(0, intervalMs).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(abort$(signal)),
  );
  const pump$ = runPump(pipeline, options, tell, () => lane.turns.cycle(), databaseWake$(config.dbPath));
  const age = new CheckpointAge();
  const status = () =>
    aliasStatus({
      state: lane.state(),
      age,
      database: config.dbPath,
      redis: config.redis.display,
      nextPassAt: nextTick(startedAt, intervalMs),
    });
  startCounting(metrics, { pipeline, kinds: config.aliasTables.map(({ type }) => type) });
  metrics.gauges(pipeline, () => aliasReadings(status(), { intervalSeconds, capture: config.capture }));
  return {
    running$: merge(pump$, passes$),
    status,
    troubles: (now) => aliasTroubles(now, intervalSeconds),
    health: aliasHealth,
    pause: (by) => pause(connection, by),
    resume: () => resume(connection),
    reconcile: async () => {
      await refusePaused(connection);
      lane.passes.restart('asked for');
      const refused = () => (lane.turns.paused === undefined ? undefined : refusePaused(connection));
      return unlessFailing(() => lane.passes.request('asked for'), {
        failure: () => lane.turns.failure,
        refused,
        signal,
      });
    },
    cut: () => {
      connection.close();
    },
    close: async () => {
      await lane.close();
      connection.close();
    },
  };
}
