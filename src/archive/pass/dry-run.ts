import type { ArchiveRecords } from '../../config/load';
import { fatal } from '../../foundation/errors';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { Differences } from './differences';
import { type ArchiveDifference, explainNominated } from './explain';
import { ArchiveFullPass } from './full-pass';
import type { KindName } from '../../mapping/kinds';
import { countParked, type ParkedCounts } from './parked-already';
import { findTargets } from '../schema/preparation';
import { TruthReader } from '../truth/truth';

export interface ArchiveDryRun extends ParkedCounts {
  readonly keys: number;
  readonly ms: number;
  readonly differences: Readonly<Record<KindName, number>>;
  /** How many have rows that were there before, and stay as they are, by kind. */
  readonly skipped: Readonly<Record<KindName, number>>;
  /** How many records were told one by one. */
  readonly told: number;
}

/**
 * A full pass that lists what it would write. Reads Redis and Postgres, writes neither.
 * @param limit how many records at the most are compared column by column and told; the others are only counted
 */
export async function archiveDryRun(
  config: ArchiveRecords,
  target: PostgresTarget,
  onDifference: (difference: ArchiveDifference) => void,
  limit = 0,
): Promise<ArchiveDryRun> {
  const redis = new RedisConnection(config.redis, 'dry-run');
  const postgres = new PostgresConnection(target, 'dry-run');
  try {
    await redis.connect();
    await inspectServer(redis);
    const { catalogue } = config;
    const targets = await findTargets(postgres, catalogue).catch((error: unknown) => {
      throw (error as { code?: unknown }).code === 'E_PG_NOT_MIGRATED'
        ? fatal('nothing has been archived yet: the tables are not there', {
            code: 'E_PG_NOT_MIGRATED',
            hint: '`millrace migrate --dry-run` shows what would be made; `millrace reconcile` makes it and copies everything.',
          })
        : error;
    });
    const shared = { postgres, targets: () => targets, strategies: config.onConflict };
    const truth = new TruthReader(redis, catalogue);
    const pass = new ArchiveFullPass({ ...shared, redis, truth });
    const differences = new Differences({ ...shared, truth }, true);
    const startedAt = Date.now();
    let told = 0;
    const kept: Pick<ArchiveDifference, 'kind' | 'key' | 'record'>[] = [];
    for (;;) {
      const found = await pass.step();
      if (found === undefined) break;
      if (told >= limit) continue;
      for await (const difference of explainNominated(differences, catalogue, found)) {
        onDifference(difference);
        const { kind, key, record } = difference; // without its contents
        kept.push(record === undefined ? { kind, key } : { kind, key, record });
        if (++told >= limit) break;
      }
    }
    return {
      keys: pass.keys,
      ms: Date.now() - startedAt,
      differences: Object.fromEntries(pass.differences),
      skipped: Object.fromEntries(pass.skipped),
      told,
      ...(await countParked(postgres, kept)),
    };
  } finally {
    postgres.close();
    redis.close();
  }
}
