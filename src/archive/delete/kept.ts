import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import { deletionMark } from '../letters/dead-letters';
import type { Gone } from '../record/gone';
import type { Life } from '../record/identity';
import { isOwn, type Kind, type KindName, type OwnKind } from '../../mapping/kinds';
import { followedAs } from '../record/own/followed';
import { hasManyRows, partItems } from './delete-items';
import { unfollow } from './delete-own';
import { isId } from '../record/row';
import type { Target, Targets } from '../record/target';

const keepSql = readSql('src/archive/delete/sql/keep-rows.sql');
const keepOwnedSql = readSql('src/archive/delete/sql/keep-owned.sql');

/**
 * SQL: whether row t may be deleted when its record is. Rows are kept that are older than the present life of Redis, for before it their
 * ids meant other records, and rows of owners of which something is gone that nobody deleted. @param owner SQL: the row that owns this
 * one, if there is one (the table's column is called `run`, which most owners are)
 */
export const notKept = (kind: KindName, owner = '0'): string =>
  `t.id > ALL (SELECT up_to FROM millrace.kept WHERE kind = '${kind}' AND run IN (0, ${owner}))`;

/** For `notKept`: the column with the owner of a record. */
export const keptBy = ({ parents }: Kind): string | undefined => ownerOf(parents)?.column;

/** The owner of a record: the last parent that its key names, as its run. (For records with an id of their own millrace.id_map tells.) */
const ownerOf = (parents: Kind['parents']) => parents.findLast(({ from }) => typeof from === 'number');

/** Makes all rows there are `kept`, whatever is deleted in Redis from now on. */
export async function keepAll(transaction: Transaction, targets: Targets): Promise<void> {
  // Others need nothing: what `millrace.id_map` and `millrace.followed` have of them is of an older life from now on.
  for (const { kind, table } of targets.values())
    if (kind.identity !== 'mapped' && kind.identity !== 'own')
      await transaction.execute(keepSql.replaceAll('{table}', table), [kind.name]);
  // A parked deletion, tried again, would now delete another record.
  await transaction.execute('DELETE FROM millrace.dead_letters WHERE created = $1 AND payload IS NULL', [
    deletionMark,
  ]);
}

/**
 * Parts rows from records that are gone, or may be about to go, without anybody having deleted them: the rows stay, even when another
 * record comes under the same id and is deleted. To be called before the batch is written, for writing a record says that it is there.
 */
export async function partFromLapsed(
  transaction: Transaction,
  targets: Targets,
  lapsed: readonly Gone[],
  life: Life,
): Promise<void> {
  const sql = `UPDATE millrace.id_map SET life = NULL WHERE kind = $1 AND redis_id = ANY ($2::bigint[]) AND life = $3`;
  for (const [kind, ids] of byKind(lapsed)) {
    const target = targets.get(kind);
    if (target !== undefined && isOwn(target.kind))
      await partOwn(transaction, target, target.kind, { ids, life });
    if (target?.kind.identity === 'mapped') await transaction.execute(sql, [kind, ids.filter(isId), life]);
  }
}

async function partOwn(
  transaction: Transaction,
  target: Target,
  kind: OwnKind,
  { ids, life }: { readonly ids: readonly string[]; readonly life: Life },
): Promise<void> {
  if (hasManyRows(kind)) return partItems(transaction, target, kind, { ids, life });
  const rows = ids.map((id) => followedAs(Buffer.from(id, 'latin1'), undefined));
  await unfollow(transaction, kind, rows, { life, gone: false });
}

/** Keeps the rows that belong to an owner and have lapsed. To be called after the batch is written: any of its rows may be about to lapse. */
export async function keepLapsed(
  transaction: Transaction,
  targets: Targets,
  lapsed: readonly Gone[],
  life: Life,
): Promise<void> {
  for (const [kind, ids] of byKind(lapsed)) {
    const target = targets.get(kind);
    const owner = ownerOf(target?.kind.parents ?? []);
    if (target === undefined || owner === undefined) continue;
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
