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

/** Of each row its id, and its creation time in microseconds since 2000, UTC: numbers of 8 bytes, the highest first. */
export type IdentityRows = Buffer;

/**
 * The identities of the rows that have the ids `from` to `to`, in the order of their index, which is read from there to there: a row takes
 * a twentieth of what it takes to look for it by its identity.
 * @param most how many rows; what lies behind them is not told
 */
export async function identitiesBetween(
  postgres: PostgresConnection,
  target: Target,
  from: string,
  to: string,
  most: number,
): Promise<IdentityRows> {
  const [id = '', created = ''] = identityColumns(target.kind).map(quoteName);
  const [, column = ''] = identityColumns(target.kind);
  const zoned = target.types.get(column)?.endsWith('with time zone') === true;
  const [row] = await postgres.query(
    `SELECT encode(string_agg(int8send(id) || ${zoned ? 'timestamptz_send' : 'timestamp_send'}(created), ''), 'hex') AS rows
     FROM (SELECT ${id}::bigint AS id, ${created} AS created FROM ${target.table}
       WHERE ${id} BETWEEN $1 AND $2 ORDER BY ${id}, ${created} LIMIT $3) AS ordered`,
    [from, to, most],
  );
  return Buffer.from(row?.['rows'] ?? '', 'hex');
}
