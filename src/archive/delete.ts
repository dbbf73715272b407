import type { Transaction } from '../postgres';
import { type KindName, kinds } from './kinds';
import { isId, md5 } from './row';
import { quoteName, type Target, type Targets, targetOf } from './target';

/** A record the application deleted in Redis; only ON_DELETE=delete acts on it. */
export interface Deletion {
  readonly kind: KindName;
  /** What followed `aidb:<kind>:`, latin1. */
  readonly id: string;
}

/**
 * Deletes the row of a record that is gone from Redis, if it is of this incarnation: an older one may have had a record under
 * the same id. @param beganAt when the incarnation began. @returns how many rows.
 */
export async function deleteRecord(
  transaction: Transaction,
  targets: Targets,
  { kind: name, id }: Deletion,
  beganAt: string,
): Promise<number> {
  const kind = kinds[name];
  const target = targetOf(targets, name);
  if (kind.identity === 'mapped') return isId(id) ? deleteMapped(transaction, target, id, beganAt) : 0;
  if (kind.identity === 'dated') {
    if (!isId(id)) return 0;
    const sql = `DELETE FROM ${target.table} WHERE redis_id = $1 AND ${quoteName(kind.created ?? '')} >= $2`;
    return transaction.execute(sql, [id, beganAt]);
  }
  const parts = id.split(':');
  const parents: string[] = [];
  for (const parent of kind.parents) {
    const pgId = await newest(transaction, parent.kind, parts[Number(parent.from)] ?? '', beganAt);
    if (pgId === undefined) return 0;
    parents.push(pgId);
  }
  const where = kind.parents.map(({ column }, index) => `${quoteName(column)} = $${index + 1}`).join(' AND ');
  if (name !== 'metric') {
    return transaction.execute(
      `DELETE FROM ${target.table} WHERE ${where} AND redis_key IS NOT NULL`,
      parents,
    );
  }
  // The members that are gone cannot be asked any more; the key has name and split, and either may contain a colon.
  const rest = Buffer.from(parts.slice(1).join(':'), 'latin1').toString('utf8');
  const sql = `DELETE FROM ${target.table} WHERE ${where} AND redis_key IS NOT NULL AND metric_name || ':' || split = $2`;
  return transaction.execute(sql, [...parents, rest]);
}

/** ON_DELETE=delete: hyperparameters of a run whose names its hash no longer has. */
export function deleteOthers(
  transaction: Transaction,
  { table }: Target,
  pgRun: string,
  names: readonly (Buffer | string)[],
): Promise<number> {
  const sql = `DELETE FROM ${table} WHERE training_run_id = $1 AND redis_key IS NOT NULL AND redis_key <> ALL ($2::uuid[])`;
  return transaction.execute(sql, [pgRun, names.map(md5)]);
}

async function newest(transaction: Transaction, kind: KindName, id: string, beganAt: string) {
  if (!isId(id)) return undefined;
  const sql = `SELECT pg_id FROM millrace.id_map WHERE kind = $1 AND redis_id = $2 AND created_at >= $3 ORDER BY created_at DESC LIMIT 1`;
  const [row] = await transaction.query(sql, [kind, id, beganAt]);
  return row?.['pg_id'] ?? undefined;
}

async function deleteMapped(transaction: Transaction, { kind, table }: Target, id: string, beganAt: string) {
  const sql =
    'DELETE FROM millrace.id_map WHERE kind = $1 AND redis_id = $2 AND created_at >= $3 RETURNING pg_id, owned';
  const mapped = await transaction.query(sql, [kind.name, id, beganAt]);
  // A row that belongs to somebody else, or to another record as well, stays.
  const owned = mapped.filter((row) => row['owned'] === 't').map((row) => row['pg_id']);
  return transaction.execute(
    `DELETE FROM ${table} t WHERE t.id = ANY ($1::bigint[]) AND NOT EXISTS (SELECT FROM millrace.id_map m WHERE m.kind = $2 AND m.pg_id = t.id)`,
    [owned, kind.name],
  );
}
