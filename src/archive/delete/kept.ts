import { readAsset } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres';
import { deletionMark } from '../letters/dead-letters';
import type { Gone } from '../record/gone';
import type { Life } from '../record/identity';
import type { Kind, KindName } from '../../mapping/kinds';
import { isId } from '../record/row';
import { type Targets, targetOf } from '../record/target';

const keepSql = readAsset('src/archive/delete/sql/keep-rows.sql');
const keepOwnedSql = readAsset('src/archive/delete/sql/keep-owned.sql');

/**
 * SQL: row t may be deleted because its record was. Rows are kept that are older than the present life of Redis, where their ids meant
 * other records, and those of which something is gone that nobody deleted. @param owner SQL: the row that owns this one, if there is one;
 * the table says `run`, which most of them are
 */
export const notKept = (kind: KindName, owner = '0'): string =>
  `t.id > ALL (SELECT up_to FROM millrace.kept WHERE kind = '${kind}' AND run IN (0, ${owner}))`;

/** For `notKept`: the column with the owner of a record. */
export const keptBy = ({ parents }: Kind): string | undefined => ownerOf(parents)?.column;

/** The last parent in the key of a record, as its run: what has an id of its own is told by millrace.id_map. */
const ownerOf = (parents: Kind['parents']) => parents.findLast(({ from }) => typeof from === 'number');

/** Keeps all rows there are, whatever is deleted in Redis from now on. */
export async function keepAll(transaction: Transaction, targets: Targets): Promise<void> {
  // Rows that are told apart by what `millrace.id_map` does not know.
  for (const { kind, table } of targets.values())
    if (kind.identity !== 'mapped')
      await transaction.execute(keepSql.replaceAll('{table}', table), [kind.name]);
  // Whoever refused a deletion then would be asked for another record now.
  await transaction.execute('DELETE FROM millrace.dead_letters WHERE created = $1 AND payload IS NULL', [
    deletionMark,
  ]);
}

/**
 * Records that are gone, or may go, though nobody deleted them: their rows stay, also when something else that comes under their ids is
 * deleted. Before anything is written, which says that a record is there after all.
 */
export async function partFromLapsed(
  transaction: Transaction,
  targets: Targets,
  lapsed: readonly Gone[],
  life: Life,
): Promise<void> {
  const sql = `UPDATE millrace.id_map SET life = NULL WHERE kind = $1 AND redis_id = ANY ($2::bigint[]) AND life = $3`;
  for (const [kind, ids] of byKind(lapsed)) {
    if (targetOf(targets, kind).kind.identity === 'mapped')
      await transaction.execute(sql, [kind, ids.filter(isId), life]);
  }
}

/** The same for what belongs to an owner, after its parts were written: nobody knows which of them may go. */
export async function keepLapsed(
  transaction: Transaction,
  targets: Targets,
  lapsed: readonly Gone[],
  life: Life,
): Promise<void> {
  for (const [kind, ids] of byKind(lapsed)) {
    const target = targetOf(targets, kind);
    const owner = ownerOf(target.kind.parents);
    if (owner === undefined) continue;
    const owners = new Set(ids.map((id) => id.split(':')[Number(owner.from)] ?? ''));
    const sql = keepOwnedSql.replaceAll('{table}', target.table);
    await transaction.execute(sql, [kind, [...owners].filter(isId), life, owner.kind]);
  }
}

function byKind(gone: readonly Gone[]): ReadonlyMap<KindName, string[]> {
  const ids = new Map<KindName, string[]>();
  for (const { kind, id } of gone) {
    const ofKind = ids.get(kind);
    if (ofKind === undefined) ids.set(kind, [id]);
    else ofKind.push(id);
  }
  return ids;
}
