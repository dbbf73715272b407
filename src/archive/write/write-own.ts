import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres';
import { identityColumns, ownColumns, ownValues, type Resolved } from '../identity/resolved';
import type { Life } from '../record/identity';
import { md5 } from '../record/row';
import { quoteName, type Target } from '../record/target';
import type { Alterations } from './alterations';
import { put } from './put';
import type { Written } from './upsert';

const followSql = readSql('src/archive/write/sql/follow.sql');

/** SQL: the unique index over the parts of the key. */
const arbiter = (columns: readonly string[]): string => `(${columns.map(quoteName).join(', ')})`;

/**
 * Writes records of the user's own: a row follows its key. Where deletions are followed, too, it is noted in which life of Redis the
 * record was there.
 * @throws Swallowed
 */
export async function writeOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  { alterations, life }: { readonly alterations: Alterations; readonly life: Life },
): Promise<Written> {
  // Of one key the last that was read; always in the same order, so that upserts cannot deadlock.
  const latest = new Map(rows.map((one) => [one.row.id, one]));
  const ordered = [...latest.values()].sort((a, b) => (a.row.id < b.row.id ? -1 : 1));
  const identity = identityColumns(target.kind);
  const written = await put(transaction, {
    target,
    alterations,
    sources: ordered,
    identity,
    columns: ownColumns(target.kind),
    arbiter: arbiter(identity),
    strictness: 'stored',
    rows: ordered.map(ownValues),
  });
  if (target.kind.own?.onDelete !== 'keep' && ordered.length > 0)
    await transaction.execute(followSql, [
      target.kind.name,
      ordered.map(({ row }) => md5(row.found.id)),
      life,
    ]);
  return written;
}
