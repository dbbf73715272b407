import type Redis from 'ioredis';
import type { WarmLimits } from '../../../src/archive/warm/limits';
import { keptBack } from '../../../src/archive/warm/tally';
import { warm, type WarmReport } from '../../../src/archive/warm/warm';
import { type Config, loadConfig, requirePostgres } from '../../../src/config/load';
import type { TestPostgres } from '../../support/postgres';
import type { Archive } from './archive';

export interface WarmSettings {
  readonly limits?: WarmLimits;
  readonly dryRun?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onProgress?: (done: number) => void;
  /** Instead of the environment. */
  readonly config?: Config;
}

/** `millrace warm --predictions all`, in this process. */
export function warmed(
  archive: Archive,
  {
    limits = { newest: 'all' },
    dryRun = false,
    environment = {},
    onProgress,
    config = loadConfig(archive.environment(environment)),
  }: WarmSettings = {},
): Promise<WarmReport> {
  return warm({
    ...{ config, target: requirePostgres(config), limits, dryRun },
    signal: new AbortController().signal,
    onPlan: () => undefined,
    onProgress: onProgress ?? (() => undefined),
  });
}

/** What a report says of a kind, without the zeros. */
export const toldOf = ({ tallies }: WarmReport, kind: string): Record<string, number> =>
  Object.fromEntries(Object.entries(tallies[kind] ?? {}).filter(([, count]) => count > 0));

export const allKeptBack = ({ tallies }: WarmReport): number =>
  Object.values(tallies).reduce((sum, tally) => sum + keptBack(tally), 0);

/** Hashes whose fields are records, in no order that Postgres would keep; of all others the order counts. */
const isUnordered = (key: string): boolean =>
  key.startsWith('aidb:hyperparam:') || key.endsWith('name_to_id');

/** Every key of the applications with its contents, byte for byte. */
export async function contentsOf(client: Redis): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const key of (await client.keys('aidb:*')).sort()) {
    const type = await client.type(key);
    if (type === 'hash' && isUnordered(key)) contents[key] = await client.hgetall(key);
    else if (type === 'hash') contents[key] = await client.call('HGETALL', key);
    else if (type === 'zset') contents[key] = await client.zrange(key, 0, -1, 'WITHSCORES');
    else if (type === 'set') contents[key] = (await client.smembers(key)).sort();
    else contents[key] = await client.get(key);
  }
  return contents;
}

const tables = [
  ...['models', 'datasets', 'experiments', 'model_versions', 'training_runs', 'hyperparameters'],
  ...['experiment_runs', 'metrics', 'predictions', 'millrace.id_map', 'millrace.dead_letters'],
];

/** Every row with its place and the transaction that wrote it: whoever touches one changes this. And where the sequence of the largest table is. */
export async function versionsOfRows({ query }: TestPostgres): Promise<unknown> {
  const found: unknown[] = [];
  for (const table of tables) {
    found.push(
      await query(
        `SELECT '${table}' AS t, ctid::text, xmin::text, to_json(r) AS row FROM ${table} r ORDER BY ctid`,
      ),
    );
  }
  found.push(await query(`SELECT last_value FROM pg_sequences WHERE sequencename = 'predictions_id_seq'`));
  return found;
}
