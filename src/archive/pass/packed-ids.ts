import type { PostgresConnection } from '../../connections/postgres/postgres';
import { identityColumns } from '../identity/resolved';
import { quoteName, type Target } from '../record/target';

/**
 * Which ids of the packed kind Postgres has at all: whatever lies outside is missing, and need not be compared record by record. Each is
 * one step into the index of their identity.
 */

const idOf = ({ kind }: Target): string => quoteName(identityColumns(kind)[0] ?? '');

/** The highest id; `-1`: there is none. */
export async function highestId(postgres: PostgresConnection, target: Target): Promise<string> {
  const [row] = await postgres.query(`SELECT max(${idOf(target)}) AS id FROM ${target.table}`);
  return row?.['id'] ?? '-1';
}

/** The lowest id that is not below `from`; Infinity: there is none. */
export async function lowestFrom(
  postgres: PostgresConnection,
  target: Target,
  from: string,
): Promise<number> {
  const id = idOf(target);
  const [row] = await postgres.query(`SELECT min(${id}) AS id FROM ${target.table} WHERE ${id} >= $1`, [
    from,
  ]);
  return Number(row?.['id'] ?? Infinity);
}
