import type { Transaction } from '../../connections/postgres';
import type { Kind } from '../../mapping/kinds';
import { quoteName, type Target } from '../record/target';

const literal = (values: readonly string[]) => `{${values.join(',')}}`;

/**
 * Which of these append-only records Postgres lacks: identity says everything. @param identities ids, times and digests, that is
 * nothing that an array would have to quote. @returns their indexes
 */
export async function findMissing(
  transaction: Transaction,
  { kind, table, types }: Target,
  identities: readonly (readonly [string, string])[],
): Promise<readonly number[]> {
  if (identities.length === 0) return [];
  const names = identityColumns(kind);
  const [first, second] = names.map((name) => types.get(name) ?? 'text');
  const rows = await transaction.query(
    `SELECT w.n FROM unnest($1::${first}[], $2::${second}[]) WITH ORDINALITY AS w (a, b, n) WHERE NOT EXISTS ` +
      `(SELECT FROM ${table} t WHERE t.${quoteName(names[0])} = w.a AND t.${quoteName(names[1])} = w.b)`,
    // Written here: pg would look for something to escape in each, which takes longer than all the rest.
    [literal(identities.map(([a]) => a)), literal(identities.map(([, b]) => b))],
  );
  return rows.map((row) => Number(row['n']) - 1);
}

/** redis_id and time of a dated kind; parent and redis_key of a metric. */
function identityColumns(kind: Kind): readonly [string, string] {
  if (kind.identity === 'dated') return ['redis_id', kind.created ?? ''];
  return [kind.parents[0]?.column ?? '', 'redis_key'];
}
