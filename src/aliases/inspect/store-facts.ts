import type { AliasStores } from '../../config/load';
import type { Incident } from '../../pipeline/incidents/incident';
import type { Pause } from '../../pipeline/pause';
import { inspectServer, RedisConnection, type RedisServer } from '../../connections/redis';
import type { AliasCheckpoint } from '../sink/checkpoint';
import { aliasIncidentStore } from '../sink/incident-store';
import { aliasPauseStore } from '../sink/pause-store';
import { AliasSink } from '../sink/sink';
import { AliasSource } from '../source/source';
import { type TableStatus, tableStatuses } from '../status';
import { sourceOptions } from '../source/source-options';

/** What `status` can tell without a daemon, from the two stores alone. */
export interface StoreFacts {
  readonly server: RedisServer;
  readonly journalMode: string;
  readonly tables: readonly TableStatus[];
  readonly captureGaps: readonly string[];
  readonly checkpoint: AliasCheckpoint | null;
  /** Changes after the checkpoint; null when the changelog does not go on where Redis is. */
  readonly lagRecords: number | null;
  readonly inStep: boolean;
  readonly paused: Pause | null;
  readonly incidents: readonly Incident[];
}

export async function storeFacts(stores: AliasStores): Promise<StoreFacts> {
  const source = AliasSource.open(sourceOptions(stores));
  const connection = new RedisConnection(stores.redis, 'status');
  try {
    await connection.connect();
    const server = await inspectServer(connection);
    const { checkpoint = null } = await new AliasSink(connection).load();
    const position = checkpoint?.position ?? null;
    const { changelog } = source;
    const continues = position !== null && changelog?.continues(position) === true;
    const lagRecords = continues ? changelog.backlog(position).rows : null;
    return {
      server,
      journalMode: source.journalMode,
      tables: tableStatuses(source),
      captureGaps: source.captureGaps,
      checkpoint,
      lagRecords,
      inStep: lagRecords === 0,
      paused: (await aliasPauseStore(connection).read()) ?? null,
      incidents: await aliasIncidentStore(connection).read(),
    };
  } finally {
    connection.close();
    source.close();
  }
}
