import { readSql } from '../../foundation/package-root';
import type { PostgresConnection } from '../../connections/postgres/postgres';
import { isOwn } from '../../mapping/kinds';
import type { Targets } from '../record/target';

const noteSql = readSql('src/archive/schema/sql/note-mapped.sql');

/**
 * Notes that the tables of the user's own mappings have rows of theirs from now on: whose rows those are is asked only before the first of
 * ours (mapped.ts). To be called before any is written. @throws explained errors
 */
export async function noteMapped(postgres: PostgresConnection, targets: Targets): Promise<void> {
  const own = [...targets.values()].filter(({ kind }) => isOwn(kind));
  if (own.length === 0) return;
  const values = [
    own.map(({ kind }) => kind.name),
    own.map(({ table }) => table),
    own.map(({ kind }) => kind.prefix),
  ];
  try {
    await postgres.transaction((transaction) => transaction.execute(noteSql, values));
  } catch (error) {
    throw postgres.translate(error);
  }
}
