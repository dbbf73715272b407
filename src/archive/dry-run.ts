import type { Config } from '../config';
import { fatal } from '../errors';
import { PostgresConnection } from '../postgres';
import type { PostgresTarget } from '../postgres-url';
import { inspectServer, RedisConnection } from '../redis';
import { keyOf } from './found';
import { FullPass } from './full-pass';
import type { KindName } from './kinds';
import { findTargets } from './preparation';
import { TruthReader } from './truth';

export interface ArchiveDifference {
  readonly kind: KindName;
  /** The Redis key that Postgres lacks, or has otherwise. */
  readonly key: string;
}

export interface ArchiveDryRun {
  readonly keys: number;
  readonly ms: number;
  readonly differences: Readonly<Partial<Record<KindName, number>>>;
}

/** A full pass that lists what it would write. Reads Redis and Postgres, writes neither. */
export async function archiveDryRun(
  config: Config,
  target: PostgresTarget,
  onDifference: (difference: ArchiveDifference) => void,
): Promise<ArchiveDryRun> {
  const redis = new RedisConnection(config.redis, 'dry-run');
  const postgres = new PostgresConnection(target, 'dry-run');
  try {
    await redis.connect();
    await inspectServer(redis);
    const targets = await findTargets(postgres).catch((error: unknown) => {
      throw (error as { code?: unknown }).code === 'E_PG_NOT_MIGRATED'
        ? fatal('nothing has been archived yet: the tables are not there', {
            code: 'E_PG_NOT_MIGRATED',
            hint: '`millrace migrate --dry-run` shows what would be made; `millrace reconcile` makes it and copies everything.',
          })
        : error;
    });
    const pass = new FullPass({
      redis,
      postgres,
      truth: new TruthReader(redis),
      targets: () => targets,
      strategies: config.onConflict,
    });
    const startedAt = Date.now();
    const tell = (kind: KindName, id: Buffer) => {
      onDifference({ kind, key: keyOf(kind, id).toString('utf8') });
    };
    for (;;) {
      const found = await pass.step();
      if (found === undefined) break;
      for (const [kind, ids] of found.nominated) for (const id of ids) tell(kind, Buffer.from(id, 'latin1'));
      for (const point of found.points) tell('metric', point.id);
    }
    return { keys: pass.keys, ms: Date.now() - startedAt, differences: Object.fromEntries(pass.differences) };
  } finally {
    postgres.close();
    redis.close();
  }
}
