import { describeError } from '../../foundation/errors';
import { readSql } from '../../foundation/package-root';
import { type Incident, parseIncidents } from '../../pipeline/incidents/incident';
import type { IncidentStore } from '../../pipeline/incidents/incidents';
import type { PostgresConnection } from '../../connections/postgres/postgres';

const incidentsSql = readSql('src/archive/position/sql/read-incidents.sql');
const writeSql = readSql('src/archive/position/sql/write-incidents.sql');

/** Incidents of the archive, in Postgres. */
export const archiveIncidentStore = (postgres: PostgresConnection): IncidentStore => ({
  is: 'Postgres',
  read: async () => {
    try {
      return await read(postgres);
    } catch (error) {
      if (untold.includes(describeError(error).code)) return [];
      throw error;
    }
  },
  update: async (change) => {
    const before = await read(postgres);
    const next = change(before);
    if (JSON.stringify(next) === JSON.stringify(before)) return next;
    try {
      return await postgres.transaction(async (transaction) => {
        // NOWAIT: another daemon gets its turn at its next attempt. The lock does not keep readers waiting.
        await transaction.execute('LOCK TABLE millrace.incidents IN SHARE ROW EXCLUSIVE MODE NOWAIT');
        const [row] = await transaction.query(incidentsSql);
        const merged = change(parseIncidents(row?.['list'] ?? ''));
        await transaction.execute('DELETE FROM millrace.incidents');
        await transaction.execute(writeSql, [withoutNul(JSON.stringify(merged))]);
        return merged;
      });
    } catch (error) {
      throw postgres.translate(error);
    }
  },
});

/** Errors for which `read` tells no incidents, so that everything else can be told: no such table, no grant on it, or somebody has locked it. */
const untold: readonly string[] = ['E_PG_SCHEMA', 'E_PG_GRANT', 'E_PG_BUSY'];

async function read(postgres: PostgresConnection): Promise<readonly Incident[]> {
  try {
    return await postgres.transaction(async (transaction) => {
      // NOWAIT: the pipeline uses this connection too, and must not wait for somebody who has locked the table.
      await transaction.execute('LOCK TABLE millrace.incidents IN ACCESS SHARE MODE NOWAIT');
      const [row] = await transaction.query(incidentsSql);
      return parseIncidents(row?.['list'] ?? '');
    });
  } catch (error) {
    throw postgres.translate(error);
  }
}

/** Replaces NUL, the one character that text in Postgres cannot hold. */
const withoutNul = (json: string): string => json.replaceAll('\\u0000', '\\ufffd');
