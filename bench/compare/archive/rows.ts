import type { Client } from 'pg';

/** Rivals keep no map of ids: each of their predictions is of the one version that is there. */
export async function anyVersion(postgres: Client): Promise<number> {
  const found = await postgres.query<{ id: string }>('SELECT id FROM model_versions LIMIT 1');
  const made =
    found.rows[0] ??
    (await postgres.query<{ id: string }>('INSERT INTO model_versions DEFAULT VALUES RETURNING id')).rows[0];
  return Number(made?.id);
}
