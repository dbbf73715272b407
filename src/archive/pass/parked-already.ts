import type { PostgresConnection } from '../../connections/postgres/postgres';
import { digestOf } from '../letters/dead-letters';
import type { ArchiveDifference } from './explain';

export interface ParkedCounts {
  /** How many of the records told are parked already: each pass finds those different. */
  readonly parkedAlready: number;
  /** How many records are parked in all. */
  readonly parked: number;
}

/** Counts which of these records are parked. Of a key that several records share, each is looked for by itself. */
export async function countParked(
  postgres: PostgresConnection,
  told: readonly Pick<ArchiveDifference, 'kind' | 'key' | 'record'>[],
): Promise<ParkedCounts> {
  const alone = told.filter(({ record }) => record === undefined);
  const sharing = told.flatMap(({ kind, key, record }) =>
    record === undefined ? [] : [digestOf({ kind, key: Buffer.from(key), distinction: record })],
  );
  const [row] = await postgres.query(
    `SELECT (SELECT count(*) FROM millrace.dead_letters) AS parked,
       (SELECT count(*) FROM unnest($1::bytea[]) AS told WHERE told IN (SELECT redis_key FROM millrace.dead_letters))
       + (SELECT count(*) FROM unnest($2::uuid[]) AS told WHERE told IN (SELECT digest FROM millrace.dead_letters)) AS already`,
    [alone.map(({ key }) => Buffer.from(key)), sharing],
  );
  return { parked: Number(row?.['parked'] ?? 0), parkedAlready: Number(row?.['already'] ?? 0) };
}
