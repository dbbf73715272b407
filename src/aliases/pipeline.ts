import { exhaustMap, merge, takeUntil, timer } from 'rxjs';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import { abort$ } from '../pipeline/pump';
import { runPump } from '../pipeline/run-pump';
import { RedisConnection } from '../redis';
import { AliasLane } from './lane';
import { isNetworkPath, networkWarning } from './network-path';
import { aliasStatus, type AliasStatus, aliasTroubles } from './status';
import { databaseWake$ } from './wake';

/** SQLite -> changelog -> Redis, with a full pass at start and each interval. */
export function aliasPipeline(options: PipelineOptions): Pipeline<AliasStatus> {
  const { config, log, metrics, signal } = options;
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
  if (isNetworkPath(config.dbPath))
    log.warn(networkWarning.what, { event: 'network', hint: networkWarning.remedy });
  const passes$ = timer(0, config.aliasIntervalSeconds * 1_000).pipe(
    exhaustMap(() => lane.passes.request('interval')),
    takeUntil(abort$(signal)),
  );
  const pump$ = runPump('aliases', options, () => lane.cycle(), databaseWake$(config.dbPath));
  return {
    running$: merge(pump$, passes$),
    status: () => {
      const status = aliasStatus(lane, config.dbPath, config.redis.display);
      const pipeline = 'aliases';
      if (status.lagRecords !== null) metrics.lagRecords.set({ pipeline }, status.lagRecords);
      if (status.lagSeconds !== null) metrics.lagSeconds.set({ pipeline }, status.lagSeconds);
      return status;
    },
    troubles: (status) => aliasTroubles(status, config.aliasIntervalSeconds),
    cut: () => {
      connection.close();
    },
    close: async () => {
      await lane.sink.drain().catch(() => undefined); // already reported by the cycle that sent it
      lane.close();
      connection.close();
    },
  };
}
