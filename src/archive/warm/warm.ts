import type { ArchiveRecords } from '../../config/load';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { type Kind, type KindName, registryOf } from '../../mapping/kinds';
import { lookAtTables, type StoppedMapping } from '../schema/preparation';
import { highestIds, raiseCounters, type RaisedCounter } from './counters';
import type { WarmLimits } from './limits';
import { makePlan, type Plan } from './plan';
import { KeyRestorer } from './own/key-restorer';
import { OwnRestoration } from './own/own-restoration';
import { Restoration } from './restoration';
import { Restorer } from './restorer';
import { lookAround } from './surroundings';
import type { Tally } from './tally';

export interface WarmOptions {
  readonly config: ArchiveRecords;
  readonly target: PostgresTarget;
  readonly limits: WarmLimits;
  /** Only read, and tell what would be done. */
  readonly dryRun: boolean;
  /** Aborts between two pages. */
  readonly signal: AbortSignal;
  /** Called before the first write. */
  readonly onPlan: (plan: Plan, facts: WarmFacts) => void;
  /** @param done records looked at, of all kinds together */
  readonly onProgress: (done: number, kind: Kind) => void;
}

export interface WarmFacts {
  /** Addresses, safe to print. */
  readonly redis: string;
  readonly postgres: string;
  /** Whether Redis may evict what is restored at once. */
  readonly evicts: boolean;
  /** Mappings of the user's own that nothing is put back of, because their tables are not as they should be. */
  readonly stopped: readonly StoppedMapping[];
  /** Mappings of streams, of which nothing is put back: an entry that is added again would be read again. */
  readonly streams: readonly KindName[];
}

export interface WarmReport {
  readonly tallies: Readonly<Record<KindName, Tally>>;
  readonly counters: Readonly<Record<KindName, RaisedCounter>>;
  readonly stopped: readonly StoppedMapping[];
  readonly ms: number;
}

/**
 * Fills Redis from one snapshot of Postgres, parents before children. Idempotent: what is there stays as it is, so that it can be run
 * again, whatever broke it off.
 */
export async function warm(options: WarmOptions): Promise<WarmReport> {
  const { config, limits, dryRun, onPlan } = options;
  const { onConflict: strategies } = config;
  const { catalogue } = config;
  const registry = registryOf(catalogue);
  const startedAt = Date.now();
  const redis = new RedisConnection(config.redis, 'warm');
  const postgres = new PostgresConnection(options.target, 'warm');
  try {
    await redis.connect();
    const { evicts } = await inspectServer(redis);
    const { targets: all, stopped } = await lookAtTables(postgres, catalogue);
    const targets = new Map([...all].filter(([, { kind }]) => kind.shape !== 'entries'));
    const streams = [...all.keys()].filter((name) => !targets.has(name));
    const { daemon, wentBack } = await lookAround(redis, postgres, registry);
    return await postgres.transaction(async (transaction) => {
      const plan = await makePlan(transaction, targets, strategies, limits);
      onPlan(plan, { redis: redis.display, postgres: postgres.display, evicts, stopped, streams });
      const used = await highestIds(transaction, registry, targets);
      const counters = await raiseCounters(redis, { catalogue: registry, used, wentBack, dryRun });
      const restorer = new Restorer({ catalogue: registry, redis, dryRun, tell: daemon });
      const keys = new KeyRestorer(redis, dryRun);
      const own = new OwnRestoration({ transaction, restorer: keys, tallies: plan.tallies });
      const restoration = new Restoration({
        ...options,
        ...{ transaction, strategies, plan, restorer, own, counters, maxRecordBytes: redis.maxRecordBytes },
      });
      for (const target of targets.values()) await restoration.restore(target);
      const tallies = Object.fromEntries([...plan.tallies].map(([{ name }, tally]) => [name, tally]));
      return { tallies, counters: Object.fromEntries(counters), stopped, ms: Date.now() - startedAt };
    }, 'REPEATABLE READ, READ ONLY');
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
    redis.close();
  }
}
