import { readSql } from '../../../foundation/package-root';
import type { PostgresConnection } from '../../../connections/postgres/postgres';
import { isOwn, type Kind } from '../../../mapping/kinds';
import { isWrittenOnce } from '../../../mapping/own-rules';
import type { Targets } from '../../record/target';
import { hasRows } from './mapped';

const noteSql = readSql('src/archive/schema/sql/note-mapped.sql');

/**
 * Notes that the tables of the user's own mappings have rows of theirs from now on, and whether they may have others, which the file has not said
 * to overwrite: whose they are is asked no more of a table that has none (mapped.ts). To be called before any row is written. @throws explained errors
 */
export async function noteMapped(postgres: PostgresConnection, targets: Targets): Promise<void> {
  const own = [...targets.values()].filter(({ kind }) => isOwn(kind));
  if (own.length === 0) return;
  try {
    await postgres.transaction(async (transaction) => {
      // What is written once overwrites nothing, and so nobody was asked: it is looked.
      const silent = own.filter(({ kind }) => isWrittenOnce(kind) && kind.own?.onConflict === undefined);
      const [rows] =
        silent.length === 0
          ? []
          : await transaction.query(
              `SELECT ${silent.map(({ table }, at) => `${hasRows(table)} AS t${at}`).join(', ')}`,
            );
      const found = new Set(silent.filter((_target, at) => rows?.[`t${at}`] === 't'));
      await transaction.execute(noteSql, [
        own.map(({ kind }) => kind.name),
        own.map(({ table }) => table),
        own.map(({ kind }) => kind.prefix),
        own.map((target) => found.has(target) || saysToLeave(target.kind)),
        own.flatMap((target) => (silent.includes(target) ? [] : [target.kind.name])),
      ]);
    });
  } catch (error) {
    throw postgres.translate(error);
  }
}

const saysToLeave = ({ own }: Kind): boolean => own?.onConflict === 'skip' || own?.onConflict === 'merge';
