import type { ArchiveRecords } from '../../config/load';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { RedisConnection } from '../../connections/redis';
import { describeError } from '../../foundation/errors';
import { type Catalogue, catalogueOf, type KindName, kindOf, ownKindsOf } from '../../mapping/kinds';
import { archiveDryRun } from '../pass/dry-run';
import { readSchemaFacts } from '../schema/facts';
import { countEntries } from '../truth/single-entries';
import { planOwnTables } from '../schema/own-tables';
import { beginning, Scan } from '../truth/scan';

/** What one mapping of the user's own would do to Postgres now. */
export interface RecordPlan {
  readonly name: string;
  /** What its keys begin with. */
  readonly prefix: string;
  readonly table: string;
  /** Of the table: it would be made, something would be added to it, nothing would; or it cannot take the records, and `problems` say why. */
  readonly state: 'new table' | 'adopted' | 'in place' | 'stopped';
  readonly steps: readonly { readonly thing: string; readonly sql: string }[];
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  /** About how many rows a table has that is there: those with the key of a record take its contents. */
  readonly rows: number;
  /** About how many keys of its form there are. */
  readonly keys: number;
  /** How many of them are not as their rows are, as far as there is a table to compare. */
  readonly differ: number;
}

/** What the records of the file of mappings would do. Reads Redis and Postgres, writes neither. @throws the stores' errors, explained */
export async function planRecords(
  config: ArchiveRecords,
  target: PostgresTarget,
): Promise<readonly RecordPlan[]> {
  const catalogue = catalogueOf(ownKindsOf(config.catalogue));
  if (catalogue.size === 0) return [];
  const postgres = new PostgresConnection(target, 'plan');
  const redis = new RedisConnection(config.redis, 'plan');
  try {
    await redis.connect();
    const facts = await postgres
      .read((client) => readSchemaFacts(client, catalogue))
      .catch((error: unknown) => {
        throw postgres.translate(error);
      });
    const { steps, problems } = planOwnTables(facts, catalogue);
    const { keys, entries } = await countKeys(redis, catalogue);
    const differences = await differencesOf({ ...config, catalogue }, target);
    return ownKindsOf(catalogue).map(({ name, table, prefix }): RecordPlan => {
      const found = facts.tables.get(table);
      const due = steps.filter(({ kind }) => kind === name).map(({ thing, sql }) => ({ thing, sql }));
      const why = problems.get(name) ?? [];
      const adopts = due.length === 0 ? 'in place' : 'adopted';
      const isThere = found !== undefined && due.length === 0 && why.length === 0;
      return {
        ...{ name, table, prefix, steps: due },
        state: why.length > 0 ? 'stopped' : found === undefined ? 'new table' : adopts,
        problems: why.map(({ message, hint }) => ({ message, hint })),
        rows: found?.estimatedRows ?? 0,
        keys: keys.get(name) ?? 0,
        differ: isThere ? (differences?.[name] ?? 0) : (entries.get(name) ?? keys.get(name) ?? 0),
      };
    });
  } finally {
    postgres.close();
    redis.close();
  }
}

/** Counts keys, and the entries of those that are streams. */
async function countKeys(
  redis: RedisConnection,
  catalogue: Catalogue,
): Promise<{
  readonly keys: ReadonlyMap<KindName, number>;
  readonly entries: ReadonlyMap<KindName, number>;
}> {
  const keys = new Map<KindName, number>();
  const entries = new Map<KindName, number>();
  const scan = new Scan(redis, catalogue);
  for (let cursor: string | undefined = beginning; cursor !== undefined;) {
    const { next, others } = await scan.read(cursor);
    for (const [name, ids] of others) {
      keys.set(name, (keys.get(name) ?? 0) + ids.size);
      const kind = kindOf(catalogue, name);
      if (kind.shape !== 'entries') continue;
      entries.set(name, (entries.get(name) ?? 0) + (await countEntries(redis, kind, ids)));
    }
    cursor = next;
  }
  return { keys, entries };
}

/** undefined: nothing has been archived yet. */
async function differencesOf(
  config: ArchiveRecords,
  target: PostgresTarget,
): Promise<Readonly<Record<KindName, number>> | undefined> {
  try {
    return (await archiveDryRun(config, target, () => undefined)).differences;
  } catch (error) {
    if (describeError(error).code === 'E_PG_NOT_MIGRATED') return undefined;
    throw error;
  }
}
