import type { Transaction } from '../../connections/postgres/postgres';
import { markColumn } from '../../mapping/own-key';
import { isWrittenOnce, leavesOthers, notesFollowed } from '../../mapping/own-rules';
import { adoptOwn } from './adopt-own';
import { identityColumns, ownColumns, ownValues, type Resolved } from '../identity/resolved';
import type { Life } from '../record/identity';
import { quoteName, type Target } from '../record/target';
import type { Alterations } from './alterations';
import { follow, followedAmong } from './followed';
import { put } from './put';
import { isPlainTable, leastStaged, stageOwn } from './stage-own';
import type { Written } from './upsert';

/** SQL: the unique index over the columns that a row is found by. */
const arbiter = (columns: readonly string[]): string => `(${columns.map(quoteName).join(', ')})`;

export interface OwnOptions {
  readonly alterations: Alterations;
  readonly life: Life;
  /** Whether a refusal must be one of these rows: else it is found out in a second attempt. */
  readonly careful: boolean;
}

/**
 * Writes records of the user's own: a row follows its key. Where deletions are followed, or rows of others stay theirs, it is noted which
 * rows do, and in which life of Redis the record was there.
 * @throws Swallowed
 */
export async function writeOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  { alterations, life, careful }: OwnOptions,
): Promise<Written> {
  const { kind } = target;
  // Of one identity the last that was read; always in the same order, so that upserts cannot deadlock.
  const latest = new Map(rows.map((one) => [one.row.own?.key.join('\0') ?? '', one]));
  const ordered = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  const identity = identityColumns(kind);
  const form = { identity, columns: ownColumns(kind), arbiter: arbiter(identity) };
  const copies = async (some: readonly Resolved[]) =>
    !careful &&
    some.length >= leastStaged &&
    !(await alterations.of(transaction, kind.name)) &&
    (await isPlainTable(transaction, target));
  const write = async (some: readonly Resolved[]): Promise<Written> => {
    const shared = { ...form, overwrites: overwritten(target), rows: some.map(ownValues) };
    return (await copies(some))
      ? stageOwn(transaction, target, shared)
      : put(transaction, { ...shared, target, alterations, sources: some, strictness: 'stored' });
  };
  if (!leavesOthers(kind)) {
    const written = await write(ordered);
    if (notesFollowed(kind)) await follow(transaction, kind, ordered, life);
    return written;
  }
  const following = await followedAmong(transaction, kind, ordered);
  const fresh = ordered.filter((one) => !following.has(one));
  const written = await write([...following]);
  const adopted = await adoptOwn(transaction, target, fresh, {
    ...{ ...form, alterations, copies: await copies(fresh) },
    merges: kind.own?.onConflict === 'merge',
  });
  await follow(transaction, kind, [...following, ...adopted.following], life);
  return { added: written.added + adopted.added, updated: written.updated + adopted.updated };
}

/** What a row takes that is there. One of records that never change takes nothing; but that its record is there takes the mark away. */
function overwritten({ kind }: Target): readonly string[] {
  if (!isWrittenOnce(kind)) return ownColumns(kind);
  return kind.own?.onDelete === 'mark' ? [markColumn] : [];
}
