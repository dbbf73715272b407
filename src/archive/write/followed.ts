import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import type { Kind } from '../../mapping/kinds';
import type { Resolved } from '../identity/resolved';
import type { Life } from '../record/identity';
import { followedRow } from '../record/own/followed';

const followSql = readSql('src/archive/write/sql/follow.sql');
const followedSql = readSql('src/archive/write/sql/followed.sql');

const noteOf = ({ row }: Resolved): string => followedRow(row);

/** Notes in which life of Redis the records of these rows were there. @param theirs the rows were there before: no deletion takes those */
export async function follow(
  transaction: Transaction,
  { name }: Pick<Kind, 'name'>,
  rows: readonly Resolved[],
  { life, theirs }: { readonly life: Life; readonly theirs: boolean },
): Promise<void> {
  if (rows.length > 0) await transaction.execute(followSql, [name, rows.map(noteOf), life, theirs]);
}

/** Those to whose rows a record was written before, so that they follow it; the rows of the others, where there are any, are somebody else's. */
export async function followedAmong(
  transaction: Transaction,
  { name }: Pick<Kind, 'name'>,
  rows: readonly Resolved[],
): Promise<ReadonlySet<Resolved>> {
  if (rows.length === 0) return new Set();
  const found = await transaction.query(followedSql, [name, rows.map(noteOf)]);
  return new Set(found.flatMap(({ n }) => rows[Number(n) - 1] ?? []));
}
