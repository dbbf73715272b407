import { RedisConnection } from '../connections/redis';
import { framed, tellOf } from '../pipeline/frame';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline';
import type { MappingSample } from '../mapping/sample';
import type { AliasHandover } from './handover';
import { aliasLane } from './lane';
import { type PassReport, reportWithin } from './pass/report';
import { sampleDocument } from './sample';
import { aliasPauseStore } from './sink/pause-store';
import { isNetworkPath, networkWarning } from './source/file/network-path';
import { databaseWake$ } from './source/file/wake';
import { aliasHealth, aliasReadings, aliasStatus, type AliasStatus, aliasTroubles } from './status';
import { mappingSet, sourceOptions } from './source/source-options';

/** What a pipeline that ends leaves to one with other mappings that follows in the same process. */
export interface CacheHandover {
  readonly lane: AliasHandover;
  /** Since when its intervals count, and when the next one of them ends that has not called for a pass. */
  readonly startedAt: number;
  readonly nextPassAt: number;
}

export interface AliasPipeline extends Pipeline<AliasStatus, PassReport> {
  /** To be called when it has ended, before it is closed. undefined: who follows begins as at a start. */
  readonly handOver: () => CacheHandover | undefined;
  /** A few keys of a mapping, with both sides. @throws explained errors */
  readonly sample: (name: string) => Promise<MappingSample>;
}

/** SQLite -> changelog -> Redis, with a full pass at start and each interval; after another one that has left something, of what is new alone. */
export function aliasPipeline(options: PipelineOptions, before?: CacheHandover): AliasPipeline {
  const { config, log, metrics } = options;
  const { dbPath, aliasTables, capture, aliasIntervalSeconds: intervalSeconds } = config;
  const tell = tellOf('aliases', options);
  const connection = new RedisConnection(config.redis, 'aliases');
  const startedAt = before?.startedAt ?? Date.now();
  const kinds = [...aliasTables.map(({ type }) => type), ...config.documents.map(({ name }) => name)];
  const lane = aliasLane({
    handover: before && within(before.lane, new Set(kinds)),
    ...sourceOptions(config),
    set: mappingSet(config),
    install: capture,
    force: false,
    ...{ connection, log, metrics, tell },
  });
  const { turns, passes } = lane;
  if (isNetworkPath(dbPath)) log.warn(networkWarning.what, { event: 'network', hint: networkWarning.remedy });
  const frame = framed(options, {
    ...{ pipeline: 'aliases', tell, turns, passes, intervalSeconds, startedAt, kinds },
    firstPassAt: before?.nextPassAt ?? startedAt,
    wake$: databaseWake$(dbPath, lane.needsTurn),
    beside: [],
    status: (facts) =>
      aliasStatus({
        ...{ state: lane.state(), database: dbPath, redis: config.redis.display },
        ...{ documents: config.documents.length > 0, ...facts },
      }),
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
  const left = () => {
    const handover = lane.handOver();
    return handover && { lane: handover, startedAt, nextPassAt: frame.status().nextPassAt };
  };
  return {
    ...frame,
    handOver: left,
    sample: (name) => sampleDocument(() => lane.state().source, connection, name),
  };
}

/** Without the mappings that are in force no more. */
const within = (handover: AliasHandover, names: ReadonlySet<string>): AliasHandover => ({
  ...handover,
  last: { ...handover.last, report: reportWithin(handover.last.report, names) },
  unserved: handover.unserved.filter(({ type }) => names.has(type)),
});
