import { type Block, copyBlocks, readBlocks } from './copy';
import type { Database } from './database';

/** How the same rows go in by COPY from memory: by how many connections, into which table, and whether all in one transaction. */
const ways = {
  /** Into the same table, with its indexes and checks. */
  one: { connections: 1, table: 'predictions', whole: false },
  two: { connections: 2, table: 'predictions', whole: false },
  /** As psql's \copy does it. */
  whole: { connections: 1, table: 'predictions', whole: true },
  /** Into a table without any. */
  bare: { connections: 1, table: 'bare', whole: false },
} as const;
export type LimitName = keyof typeof ways;

export interface Limits {
  /** Rows a second; NaN where it was not asked for. */
  readonly rates: Readonly<Record<LimitName, number>>;
  /** Rows of a transaction: as many as the daemon wrote in one, on average. */
  readonly rowsInTransaction: number;
}

const columns =
  'model_version_id, redis_id, input_data, output_data, confidence, inference_time_ms, "timestamp", metadata';

/**
 * What Postgres can take: the rows of `archive`, as the daemon left them, into `limit`, a database with the same schema. The
 * rows are in this process' memory, and go through the same client library as the daemon's.
 */
export async function measureLimits(
  archive: Database,
  limit: Database,
  wanted: readonly LimitName[],
): Promise<Limits> {
  const [facts] = await archive.query(
    'SELECT count(*) AS rows, count(DISTINCT xmin::text) AS transactions FROM predictions',
  );
  const rows = Number(facts?.['rows']);
  const rowsInTransaction = Math.ceil(rows / Number(facts?.['transactions']));
  const query = `SELECT ${columns} FROM predictions ORDER BY id`;
  const blocks = await readBlocks(archive.client, query, rowsInTransaction);
  await likeArchive(archive, limit);
  const clients = wanted.includes('two') ? [limit.client, await limit.connect()] : [limit.client];
  const rates = { one: NaN, two: NaN, whole: NaN, bare: NaN };
  for (const name of wanted) {
    const { connections, table, whole } = ways[name];
    await limit.query(`TRUNCATE ${table}`);
    await limit.query('CHECKPOINT');
    const transactions = whole ? [{ rows, pieces: blocks.flatMap(({ pieces }) => pieces) }] : blocks;
    const ms = await copyBlocks(clients.slice(0, connections), `${table} (${columns})`, transactions);
    await requireRows(limit, table, blocks);
    rates[name] = (rows / ms) * 1_000;
  }
  await limit.query('TRUNCATE predictions, bare');
  return { rates, rowsInTransaction };
}

/** The parents of the rows, and the bare table. */
async function likeArchive(archive: Database, limit: Database): Promise<void> {
  const versions = await archive.query('SELECT id FROM model_versions');
  const ids = versions.map(({ id }) => id);
  await limit.query('INSERT INTO model_versions (id) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING', [
    ids,
  ]);
  await limit.query('CREATE TABLE IF NOT EXISTS bare AS SELECT * FROM predictions WITH NO DATA');
}

async function requireRows(limit: Database, table: string, blocks: readonly Block[]): Promise<void> {
  const [row] = await limit.query(`SELECT count(*) AS count FROM ${table}`);
  const wanted = blocks.reduce((sum, block) => sum + block.rows, 0);
  if (row?.['count'] !== String(wanted))
    throw new Error(`COPY left ${row?.['count'] ?? '?'} of ${wanted} rows`);
}
