import { readSql } from '../../foundation/package-root';
import type { Transaction } from '../../connections/postgres/postgres';
import { identityColumns, ownColumns, ownValues, type Resolved } from '../identity/resolved';
import type { Life } from '../record/identity';
import { followedRow } from '../record/followed';
import { quoteName, type Target } from '../record/target';
import type { Alterations } from './alterations';
import { put } from './put';
import { isPlainTable, leastStaged, stageOwn } from './stage-own';
import type { Written } from './upsert';

const followSql = readSql('src/archive/write/sql/follow.sql');

/** SQL: the unique index over the columns that a row is found by. */
const arbiter = (columns: readonly string[]): string => `(${columns.map(quoteName).join(', ')})`;

export interface OwnOptions {
  readonly alterations: Alterations;
  readonly life: Life;
  /** Whether a refusal must be one of these rows: else it is found out in a second attempt. */
  readonly careful: boolean;
}

/**
 * Writes records of the user's own: a row follows its key. Where deletions are followed, too, it is noted in which life of Redis the
 * record was there.
 * @throws Swallowed
 */
export async function writeOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  { alterations, life, careful }: OwnOptions,
): Promise<Written> {
  // Of one identity the last that was read; always in the same order, so that upserts cannot deadlock.
  const latest = new Map(rows.map((one) => [one.row.own?.key.join('\0') ?? '', one]));
  const ordered = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  const identity = identityColumns(target.kind);
  const columns = ownColumns(target.kind);
  const shared = { identity, columns, arbiter: arbiter(identity), rows: ordered.map(ownValues) };
  const staged =
    !careful &&
    ordered.length >= leastStaged &&
    !(await alterations.of(transaction, target.kind.name)) &&
    (await isPlainTable(transaction, target));
  const written = staged
    ? await stageOwn(transaction, target, shared)
    : await put(transaction, { ...shared, target, alterations, sources: ordered, strictness: 'stored' });
  if (target.kind.own?.onDelete !== 'keep' && ordered.length > 0)
    await transaction.execute(followSql, [
      target.kind.name,
      ordered.map(({ row }) => followedRow(row)),
      life,
    ]);
  return written;
}
