import type { PostgresConnection } from '../../connections/postgres/postgres';
import type { Kind } from '../../mapping/kinds';
import { leavesOthers, notesFollowed } from '../../mapping/own-rules';
import type { Found } from '../record/found';
import { followedRecord } from '../record/own/followed';
import type { Life } from '../record/identity';

/**
 * Of records that Postgres has as they are, the keys of those of which it is not noted that their rows follow them (in this life of Redis,
 * where deletions are followed), though their mapping has it noted: they were written before it did so, or before Redis was begun anew. To
 * write them again notes it. @param equal none of them is unfit @returns ids, latin1
 */
export async function unfollowed(
  postgres: PostgresConnection,
  kind: Kind,
  equal: readonly Found[],
  life: Life,
): Promise<ReadonlySet<string>> {
  if (!notesFollowed(kind) || life === null || equal.length === 0) return new Set();
  const rows = await postgres.query(
    `SELECT given.at FROM unnest($1::uuid[]) WITH ORDINALITY AS given (key, at)
     WHERE NOT EXISTS (SELECT FROM millrace.followed f WHERE f.kind = $2 AND f.key = given.key AND ($4 OR f.life = $3)
       AND ($5 OR NOT f.theirs))`,
    [equal.map(followedRecord), kind.name, life, kind.own?.onDelete === 'keep', leavesOthers(kind)],
  );
  return new Set(rows.flatMap(({ at }) => equal[Number(at) - 1]?.id.toString('latin1') ?? []));
}
