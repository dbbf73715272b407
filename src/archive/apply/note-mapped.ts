import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import { isOwn } from '../../mapping/kinds';
import type { Targets } from '../record/target';

const noteSql = readSql('src/archive/apply/sql/note-mapped.sql');

/**
 * Notes that the tables of the user's own mappings have rows of theirs from now on: whose rows those are is asked only before the first of
 * ours (schema/mapped.ts). To be called in the first transaction that may write any.
 */
export async function noteMapped(transaction: Transaction, targets: Targets): Promise<void> {
  const own = [...targets.values()].filter(({ kind }) => isOwn(kind));
  if (own.length === 0) return;
  await transaction.execute(noteSql, [
    own.map(({ kind }) => kind.name),
    own.map(({ table }) => table),
    own.map(({ kind }) => kind.prefix),
  ]);
}
