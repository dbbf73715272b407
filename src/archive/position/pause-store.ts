import { describeError } from '../../foundation/errors';
import type { PostgresConnection, TextRow } from '../../connections/postgres/postgres';
import type { Pause, PauseStore } from '../../pipeline/pause';
import { changesStream } from '../../writer/keys';

const found = '(extract(epoch FROM paused_at) * 1000)::bigint AS paused_at, paused_by';

/** The pause in a row with paused_at (milliseconds since 1970) and paused_by, if it says one. */
export function pauseOf(row: TextRow | undefined): Pause | undefined {
  if (row?.['paused_at'] == null) return undefined;
  return { at: Number(row['paused_at']), by: row['paused_by'] ?? 'somebody' };
}

/** The pause of the archive, in Postgres. A database that is not migrated has none; to pause it throws E_PG_SCHEMA (fatal). */
export const archivePauseStore = (postgres: PostgresConnection): PauseStore => ({
  read: async () => {
    try {
      const [row] = await postgres.query(`SELECT ${found} FROM millrace.checkpoint WHERE stream = $1`, [
        changesStream,
      ]);
      return pauseOf(row);
    } catch (error) {
      if (describeError(error).code === 'E_PG_SCHEMA') return undefined;
      throw error;
    }
  },
  pause: async (by) => {
    const sql =
      'INSERT INTO millrace.checkpoint AS c (stream, paused_at, paused_by) VALUES ($1, clock_timestamp(), $2) ' +
      'ON CONFLICT (stream) DO UPDATE SET paused_at = clock_timestamp(), paused_by = $2 WHERE c.paused_at IS NULL';
    await postgres.query(sql, [changesStream, by]);
  },
  resume: async () => {
    const sql = 'UPDATE millrace.checkpoint SET paused_at = NULL, paused_by = NULL WHERE stream = $1';
    await postgres.query(sql, [changesStream]);
  },
});
