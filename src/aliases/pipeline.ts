import { RedisConnection } from '../connections/redis';
import { framed, tellOf } from '../pipeline/frame';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import type { MappingSample } from '../mapping/sample';
import { aliasLane } from './lane';
import type { PassReport } from './pass/report';
import { sampleDocument } from './sample';
import { aliasPauseStore } from './sink/pause-store';
import { isNetworkPath, networkWarning } from './source/file/network-path';
import { databaseWake$ } from './source/file/wake';
import { aliasHealth, aliasReadings, aliasStatus, type AliasStatus, aliasTroubles } from './status';
import { mappingSet, sourceOptions } from './source/source-options';

export interface AliasPipeline extends Pipeline<AliasStatus, PassReport> {
  /** A few keys of a mapping, with both sides. @throws explained errors */
  readonly sample: (name: string) => Promise<MappingSample>;
}

/** SQLite -> changelog -> Redis, with a full pass at start and each interval. */
export function aliasPipeline(options: PipelineOptions): AliasPipeline {
  const { config, log, metrics } = options;
  const { dbPath, aliasTables, capture, aliasIntervalSeconds: intervalSeconds } = config;
  const tell = tellOf('aliases', options);
  const connection = new RedisConnection(config.redis, 'aliases');
  const lane = aliasLane({
    ...sourceOptions(config),
    set: mappingSet(config),
    install: capture,
    force: false,
    ...{ connection, log, metrics, tell },
  });
  const { turns, passes } = lane;
  if (isNetworkPath(dbPath)) log.warn(networkWarning.what, { event: 'network', hint: networkWarning.remedy });
  const frame = framed(options, {
    ...{ pipeline: 'aliases', tell, turns, passes, intervalSeconds, firstPassSeconds: 0 },
    kinds: [...aliasTables.map(({ type }) => type), ...config.documents.map(({ name }) => name)],
    wake$: databaseWake$(dbPath),
    beside: [],
    status: (facts) =>
      aliasStatus({ state: lane.state(), database: dbPath, redis: config.redis.display, ...facts }),
    troubles: (status) => aliasTroubles(status, intervalSeconds),
    health: aliasHealth,
    readings: (status) => aliasReadings(status, { intervalSeconds, capture }),
    pauses: aliasPauseStore(connection),
    askForPass: () => {
      passes.restart('asked for');
      return passes.request('asked for');
    },
    cut: () => {
      connection.close();
    },
    close: async () => {
      await lane.close();
      connection.close();
    },
  });
  return { ...frame, sample: (name) => sampleDocument(() => lane.state().source, connection, name) };
}
