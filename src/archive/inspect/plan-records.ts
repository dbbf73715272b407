import type { ArchiveRecords } from '../../config/load';
import { PostgresConnection } from '../../connections/postgres/postgres';
import type { PostgresTarget } from '../../connections/postgres/postgres-url';
import { RedisConnection } from '../../connections/redis';
import { describeError } from '../../foundation/errors';
import {
  type Catalogue,
  catalogueOf,
  isOwn,
  type KindName,
  kindOf,
  type OwnKind,
  ownKindsOf,
} from '../../mapping/kinds';
import { isWrittenOnce } from '../../mapping/own-rules';
import { type ArchiveDryRun, archiveDryRun } from '../pass/dry-run';
import { readSchemaFacts, type SchemaFacts } from '../schema/facts';
import { countEntries } from '../truth/single-entries';
import { planOwnTables } from '../schema/own/own-tables';
import { keyTextOf } from '../../mapping/file/records/write-records';
import { beginning, Scan } from '../truth/scan';
import { rowsOfKeys } from './rows-of-keys';

/** What one mapping of the user's own would do to Postgres now. */
export interface RecordPlan {
  readonly name: string;
  /** What its keys begin with. */
  readonly prefix: string;
  /** The template of its keys. */
  readonly key: string;
  readonly table: string;
  /** Of the table: it would be made, something would be added to it, nothing would; or it cannot take the records, and `problems` say why. */
  readonly state: 'new table' | 'adopted' | 'in place' | 'stopped';
  readonly steps: readonly { readonly thing: string; readonly sql: string }[];
  readonly problems: readonly { readonly message: string; readonly hint: string }[];
  /** About how many rows a table has that is there. */
  readonly rows: number;
  /** About how many keys of its form there are. */
  readonly keys: number;
  /** How many of them are not as their rows are, as far as there is a table to compare. */
  readonly differ: number;
  /** What becomes of rows that were there before their records. */
  readonly rowsThere: 'overwritten' | 'left' | 'filled';
  /** How many rows have the key of a record, where nobody has said what becomes of them; null: that is no question, or not known. */
  readonly unsaid: number | null;
  /** How many records have rows that stay as they are. */
  readonly skipped: number;
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
    const { keys, entries, taken } = await countKeys(redis, postgres, facts, catalogue);
    const dry = await dryRunOf({ ...config, catalogue }, target);
    return ownKindsOf(catalogue).map((kind): RecordPlan => {
      const { name, table, prefix } = kind;
      const found = facts.tables.get(table);
      const due = steps.filter((step) => step.kind === name).map(({ thing, sql }) => ({ thing, sql }));
      const why = problems.get(name) ?? [];
      const adopts = due.length === 0 ? 'in place' : 'adopted';
      const isThere = found !== undefined && due.length === 0 && why.length === 0;
      return {
        ...{ name, table, prefix, key: keyTextOf(kind), steps: due },
        state: why.length > 0 ? 'stopped' : found === undefined ? 'new table' : adopts,
        problems: why.map(({ message, hint }) => ({ message, hint })),
        rows: found?.estimatedRows ?? 0,
        keys: keys.get(name) ?? 0,
        differ: isThere ? (dry?.differences[name] ?? 0) : (entries.get(name) ?? keys.get(name) ?? 0),
        rowsThere: rowsThereOf(kind),
        unsaid: taken.get(name) ?? null,
        skipped: isThere ? (dry?.skipped[name] ?? 0) : 0,
      };
    });
  } finally {
    postgres.close();
    redis.close();
  }
}

function rowsThereOf(kind: OwnKind): RecordPlan['rowsThere'] {
  const { onConflict } = kind.own;
  if (isWrittenOnce(kind) || onConflict === 'skip') return 'left';
  return onConflict === 'merge' ? 'filled' : 'overwritten';
}

interface Counted {
  readonly keys: ReadonlyMap<KindName, number>;
  /** Of those that are streams: how many entries they have. */
  readonly entries: ReadonlyMap<KindName, number>;
  /** How many rows have the key of one of them, where nobody has said what becomes of such a row. */
  readonly taken: ReadonlyMap<KindName, number>;
}

/** Counts keys, and the entries of those that are streams. */
async function countKeys(
  redis: RedisConnection,
  postgres: PostgresConnection,
  { tables, strange }: SchemaFacts,
  catalogue: Catalogue,
): Promise<Counted> {
  const keys = new Map<KindName, number>();
  const entries = new Map<KindName, number>();
  const taken = new Map<KindName, number>();
  const scan = new Scan(redis, catalogue);
  for (let cursor: string | undefined = beginning; cursor !== undefined;) {
    const { next, others } = await scan.read(cursor);
    for (const [name, ids] of others) {
      keys.set(name, (keys.get(name) ?? 0) + ids.size);
      const kind = kindOf(catalogue, name);
      if (isOwn(kind) && kind.shape === 'entries')
        entries.set(name, (entries.get(name) ?? 0) + (await countEntries(redis, kind, ids)));
      const table = tables.get(kind.table);
      if (!isOwn(kind) || table === undefined || !strange.has(kind.table)) continue;
      const rows = await rowsOfKeys(postgres, kind, table, [...ids]);
      if (rows !== undefined) taken.set(name, (taken.get(name) ?? 0) + rows);
    }
    cursor = next;
  }
  return { keys, entries, taken };
}

/** undefined: nothing has been archived yet. */
async function dryRunOf(config: ArchiveRecords, target: PostgresTarget): Promise<ArchiveDryRun | undefined> {
  try {
    return await archiveDryRun(config, target, () => undefined);
  } catch (error) {
    if (describeError(error).code === 'E_PG_NOT_MIGRATED') return undefined;
    throw error;
  }
}
