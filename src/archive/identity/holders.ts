import { readSql } from '../../foundation/package-root';
import type { TextRow, Transaction } from '../../connections/postgres/postgres';
import type { Holders } from './claims';
import type { Mapping } from './id-map';
import type { Identity } from '../record/identity';
import { naturalValues, type Resolved } from './resolved';
import { quoteName, type Target } from '../record/target';

const holdersSql = readSql('src/archive/identity/sql/find-holders.sql');

const joined = (values: readonly (string | null)[]) => JSON.stringify(values);

export const naturalKey = (resolved: Resolved): string | undefined =>
  resolved.row.kind.natural === undefined ? undefined : joined(naturalValues(resolved));

export interface HoldersOptions {
  readonly target: Target;
  readonly rows: readonly Resolved[];
  readonly known: readonly (Mapping | undefined)[];
  /** The id of a row that counts as the holder of the natural keys, whatever it says itself, see MappedOptions. */
  readonly holder: string | undefined;
}

/** The rows that have the natural keys of these records, and the rows that the records have already. */
export async function findHolders(
  transaction: Transaction,
  { target: { kind, table, types }, rows, known, holder }: HoldersOptions,
): Promise<Holders> {
  const byKey = new Map<string, string[]>();
  const keyOf = new Map<string, string>();
  const owners = new Map<string, Identity>();
  const { natural } = kind;
  if (natural === undefined) return { byKey, keyOf, owners };
  const values = rows.map(naturalValues);
  const names = natural.map(quoteName).join(', ');
  // Compared as text: a cast to varchar(n) would cut a value that is too long. Such a value is not found, and refused when it is written.
  const wanted = natural.map((column, index) =>
    /int/.test(types.get(column) ?? '') ? `$${index + 2}::bigint[]` : `$${index + 2}::text[]`,
  );
  const sql = holdersSql
    .replaceAll('{table}', table)
    .replaceAll('{columns}', names)
    .replaceAll('{wanted}', wanted.join(', '));
  const found = await transaction.query(sql, [
    kind.name,
    ...natural.map((_column, index) => values.map((row) => row[index] ?? null)),
  ]);
  const keyIn = (row: TextRow) => joined(natural.map((column) => row[column] ?? null));
  for (const row of found) {
    const { id, millrace_owner: owner, millrace_created: created } = row;
    if (id == null || keyOf.has(id)) continue;
    keyOf.set(id, keyIn(row));
    byKey.set(keyIn(row), [...(byKey.get(keyIn(row)) ?? []), id]);
    if (owner != null && created != null) owners.set(id, { id: owner, created });
  }
  const [single] = rows;
  const key = single && naturalKey(single);
  if (holder !== undefined && key !== undefined && byKey.get(key)?.includes(holder) !== true) {
    keyOf.set(holder, key);
    byKey.set(key, [...(byKey.get(key) ?? []), holder]);
    const sql = `SELECT redis_id, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') AS created FROM millrace.id_map WHERE kind = $1 AND pg_id = $2 AND owned`;
    const [owner] = await transaction.query(sql, [kind.name, holder]);
    if (owner?.['redis_id'] != null && owner['created'] != null)
      owners.set(holder, { id: owner['redis_id'], created: owner['created'] });
  }
  const others = known.flatMap((one) => (one?.owned === true && !keyOf.has(one.pgId) ? [one.pgId] : []));
  if (others.length === 0) return { byKey, keyOf, owners };
  const renamed = `SELECT id, ${names} FROM ${table} WHERE id = ANY ($1::bigint[])`;
  for (const row of await transaction.query(renamed, [others])) keyOf.set(row['id'] ?? '', keyIn(row));
  return { byKey, keyOf, owners };
}
