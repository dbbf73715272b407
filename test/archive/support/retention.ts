import type Redis from 'ioredis';
import { findTargets } from '../../../src/archive/schema/preparation';
import { Retention } from '../../../src/archive/retention/retention';
import type { Catalogue } from '../../../src/mapping/kinds';
import type { RetentionPolicy } from '../../../src/mapping/retention-policy';
import type { RetentionReport } from '../../../src/archive/retention/retention-report';
import { loadConfig, requirePostgres } from '../../../src/config/load';
import { PostgresConnection } from '../../../src/connections/postgres/postgres';
import { RedisConnection } from '../../../src/connections/redis';

/** A time of so many days ago, as the applications write it. */
export const daysAgo = (days: number, micros = '123456'): string =>
  `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}.${micros}`;

interface Running {
  readonly environment: Readonly<Record<string, string>>;
  readonly policy: RetentionPolicy;
  readonly catalogue?: Catalogue;
  readonly dryRun?: boolean;
  /** Called before each step. */
  readonly between?: () => Promise<void>;
}

/** One run of retention with connections of its own, as the verb makes it. */
export async function retain({
  environment,
  policy,
  catalogue,
  dryRun = false,
  between,
}: Running): Promise<RetentionReport> {
  const config = loadConfig(environment, {}, undefined, catalogue);
  const redis = new RedisConnection(config.redis, 'retention');
  const postgres = new PostgresConnection(requirePostgres(config), 'retention');
  try {
    await redis.connect();
    const targets = await findTargets(postgres, config.catalogue);
    const retention = new Retention({
      ...{ redis, postgres, targets: () => targets, catalogue: config.catalogue, policy, dryRun },
      onRemoved: () => undefined,
    });
    do await between?.();
    while (await retention.step());
    return retention.report;
  } finally {
    postgres.close();
    redis.close();
  }
}

/** Every key of the database byte for byte, but those of Millrace itself. */
export async function dumps(client: Redis): Promise<Record<string, string>> {
  const keys = (await client.keys('*')).filter((key) => !key.startsWith('millrace:')).sort();
  const entries = await Promise.all(
    keys.map(async (key) => [key, (await client.dumpBuffer(key)).toString('hex')] as const),
  );
  return Object.fromEntries(entries);
}

/** The ids of the predictions that Redis has, by their hashes and by the indexes of the versions. */
export async function predictionsIn(client: Redis): Promise<{ hashes: number[]; indexed: number[] }> {
  const number = (key: string) => Number(key.split(':').at(-1));
  const ordered = (ids: number[]) => ids.sort((a, b) => a - b);
  const indexed: number[] = [];
  for (const key of await client.keys('aidb:idx:predictions:*'))
    indexed.push(...(await client.zrange(key, 0, -1)).map(Number));
  return { hashes: ordered((await client.keys('aidb:prediction:*')).map(number)), indexed: ordered(indexed) };
}
