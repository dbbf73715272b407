import type { Client } from 'pg';
import { type Block, copyBlocks, readBlocks } from './copy';
import type { Database } from './database';

/** Rows a second of the same rows by COPY from memory. */
export interface Limits {
  /** Into the same table, with its indexes and checks. */
  readonly one: number;
  readonly two: number;
  /** Into a table without any. */
  readonly bare: number;
  /** Rows of a transaction: as many as the daemon wrote in one, on average. */
  readonly rowsInTransaction: number;
}

const columns =
  'model_version_id, redis_id, input_data, output_data, confidence, inference_time_ms, "timestamp", metadata';

/**
 * What Postgres can take: the rows of `archive`, as the daemon left them, into `limit`, a database with the same schema. The
 * rows are in this process' memory, and go through the same client library as the daemon's.
 */
export async function measureLimits(archive: Database, limit: Database): Promise<Limits> {
  const [facts] = await archive.query(
    'SELECT count(*) AS rows, count(DISTINCT xmin::text) AS transactions FROM predictions',
  );
  const rows = Number(facts?.['rows']);
  const rowsInTransaction = Math.ceil(rows / Number(facts?.['transactions']));
  const query = `SELECT ${columns} FROM predictions ORDER BY id`;
  const blocks = await readBlocks(archive.client, query, rowsInTransaction);
  await likeArchive(archive, limit);
  const clients = [limit.client, await limit.connect()];
  const measure = async (connections: readonly Client[], table: string) => {
    await limit.query(`TRUNCATE ${table}`);
    await limit.query('CHECKPOINT');
    const ms = await copyBlocks(connections, `${table} (${columns})`, blocks);
    await requireRows(limit, table, blocks);
    return (rows / ms) * 1_000;
  };
  const one = await measure(clients.slice(0, 1), 'predictions');
  const two = await measure(clients, 'predictions');
  const bare = await measure(clients.slice(0, 1), 'bare');
  await limit.query('TRUNCATE predictions, bare');
  return { one, two, bare, rowsInTransaction };
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
