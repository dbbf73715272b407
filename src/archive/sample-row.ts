import type { Transaction } from '../connections/postgres/postgres';
import { isOwn } from '../mapping/kinds';
import type { Row } from './record/row';
import { hasOwnIdentity, quoteName, type Target } from './record/target';

/** The most characters of a row that are fetched. */
const most = 4_000;
/** Up to so many rows are counted; of a larger table Postgres' estimate is told. */
const counted = 10_000;

/** Nobody may wait long for what is only shown. */
export const haste = `SELECT set_config('statement_timeout', '2s', true)`;

/** The row of a record, as JSON; null: there is none. */
export async function rowOf(transaction: Transaction, target: Target, row: Row): Promise<string | null> {
  const { from, where, values } = rowWhere(target, row);
  const [found] = await transaction.query(
    `SELECT left(row_to_json(t)::text, ${most}) AS row FROM ${from} WHERE ${where} LIMIT 1`,
    values,
  );
  return found?.['row'] ?? null;
}

function rowWhere({ kind, table }: Target, row: Row) {
  if (isOwn(kind)) return { from: `${table} t`, where: hasOwnIdentity(kind, 1), values: row.own?.key ?? [] };
  const { id, created = '', redisKey } = row;
  if (redisKey !== undefined) {
    const parents = row.references.flatMap((reference) => reference ?? []);
    const isParent = parents.map(
      ({ parent: { column, kind: name } }, at) =>
        `t.${quoteName(column)} IN (SELECT pg_id FROM millrace.id_map WHERE kind = '${name}' AND redis_id = $${at + 2})`,
    );
    return {
      from: `${table} t`,
      where: ['t.redis_key = $1', ...isParent].join(' AND '),
      values: [redisKey, ...parents.map((parent) => parent.id)],
    };
  }
  if (kind.identity === 'dated')
    return {
      from: `${table} t`,
      where: `t.redis_id = $1 AND t.${quoteName(kind.created ?? '')} = $2`,
      values: [id, `${created}+00`],
    };
  return {
    from: `millrace.id_map m JOIN ${table} t ON t.id = m.pg_id`,
    where: 'm.kind = $1 AND m.redis_id = $2 AND m.created_at = $3',
    values: [kind.name, id, `${created}+00`],
  };
}

/** How many rows the table has. */
export async function countRows(
  transaction: Transaction,
  { table }: Target,
): Promise<{ readonly count: number; readonly about: boolean }> {
  const [exact] = await transaction.query(
    `SELECT count(*) AS count FROM (SELECT FROM ${table} LIMIT ${counted + 1}) AS few`,
  );
  const count = Number(exact?.['count'] ?? 0);
  if (count <= counted) return { count, about: false };
  const [known] = await transaction.query(
    'SELECT reltuples::bigint AS count FROM pg_class WHERE oid = $1::regclass',
    [table],
  );
  return { count: Math.max(count, Number(known?.['count'] ?? 0)), about: true };
}
