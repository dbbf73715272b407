import type { Redis } from 'ioredis';
import type { Client } from 'pg';

/**
 * Baseline: the sync as the document describes it. For each record: read it, look whether it exists in Postgres, insert it if
 * not, commit; everything awaited before the next, as redis-py and psycopg2 do it.
 */
export async function syncModels(client: Redis, postgres: Client, ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    const model = await client.hgetall(`aidb:model:${id}`);
    const found = await postgres.query('SELECT id FROM models WHERE name = $1', [model['name']]);
    if (found.rowCount !== 0) continue;
    await postgres.query(
      'INSERT INTO models (name, description, architecture, framework, task_type, input_shape, output_shape, created_at, updated_at) ' +
        'VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
      names.map((name) => model[name]),
    );
  }
}

const names = [
  ...['name', 'description', 'architecture', 'framework', 'task_type'],
  ...['input_shape', 'output_shape', 'created_at', 'updated_at'],
];

/**
 * The document only counts predictions; they have no name. So each is looked for by our unique index, the cheapest way there is.
 * @param versionId the row they all refer to
 */
export async function syncPredictions(
  client: Redis,
  postgres: Client,
  { first, count, versionId }: { readonly first: number; readonly count: number; readonly versionId: number },
): Promise<void> {
  for (let id = first; id < first + count; id++) {
    const found = await client.hgetall(`aidb:prediction:${id}`);
    const { input, output, confidence, inference_time_ms: ms, timestamp, metadata } = found;
    const exists = await postgres.query(
      'SELECT id FROM predictions WHERE redis_id = $1 AND "timestamp" = $2',
      [id, timestamp],
    );
    if (exists.rowCount !== 0) continue;
    await postgres.query(
      'INSERT INTO predictions (model_version_id, redis_id, input_data, output_data, confidence, inference_time_ms, "timestamp", metadata) ' +
        'VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
      [versionId, id, input, output, confidence, ms, timestamp, metadata],
    );
  }
}
