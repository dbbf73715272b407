import type { ArchiveRecords } from '../../config/load';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { inspectServer, RedisConnection } from '../../connections/redis';
import { type Kind, type KindName, registryOf } from '../../mapping/kinds';
import { findTargets } from '../schema/preparation';
import { highestIds, raiseCounters, type RaisedCounter } from './counters';
import type { WarmLimits } from './limits';
import { makePlan, type Plan } from './plan';
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
}

export interface WarmReport {
  readonly tallies: Readonly<Record<KindName, Tally>>;
  readonly counters: Readonly<Record<KindName, RaisedCounter>>;
  readonly ms: number;
}

/**
 * Fills Redis from one snapshot of Postgres, parents before children. Idempotent: what is there stays as it is, so that it can be run
 * again, whatever broke it off.
 */
export async function warm(options: WarmOptions): Promise<WarmReport> {
  const { config, limits, dryRun, onPlan } = options;
  const { onConflict: strategies } = config;
  const catalogue = registryOf(config.catalogue); // nothing is put back under the user's own keys
  const startedAt = Date.now();
  const redis = new RedisConnection(config.redis, 'warm');
  const postgres = new PostgresConnection(options.target, 'warm');
  try {
    await redis.connect();
    const { evicts } = await inspectServer(redis);
    const targets = await findTargets(postgres, catalogue);
    const { daemon, wentBack } = await lookAround(redis, postgres, catalogue);
    return await postgres.transaction(async (transaction) => {
      const plan = await makePlan(transaction, targets, strategies, limits);
      onPlan(plan, { redis: redis.display, postgres: postgres.display, evicts });
      const used = await highestIds(transaction, catalogue, targets);
      const counters = await raiseCounters(redis, { catalogue, used, wentBack, dryRun });
      const restorer = new Restorer({ catalogue, redis, dryRun, tell: daemon });
      const restoration = new Restoration({
        ...options,
        ...{ transaction, strategies, plan, restorer, counters, maxRecordBytes: redis.maxRecordBytes },
      });
      for (const target of targets.values()) await restoration.restore(target);
      const tallies = Object.fromEntries([...plan.tallies].map(([{ name }, tally]) => [name, tally]));
      return { tallies, counters: Object.fromEntries(counters), ms: Date.now() - startedAt };
    }, 'REPEATABLE READ, READ ONLY');
  } catch (error) {
    throw postgres.translate(error);
  } finally {
    postgres.close();
    redis.close();
  }
}
