import type { Transaction } from '../../../connections/postgres/postgres';
import { markColumn } from '../../../mapping/own-key';
import { isWrittenOnce, leavesOthers, notesFollowed } from '../../../mapping/own-rules';
import { adoptOwn } from './adopt-own';
import { identityColumns, ownColumns, ownValues, type Resolved } from '../../identity/resolved';
import type { Life } from '../../record/identity';
import type { Target } from '../../record/target';
import type { Alterations } from '../alterations';
import { follow, followedAmong } from '../followed';
import { put } from '../put';
import { arbiterOf, isPlainTable, leastStaged, stageOwn } from './stage-own';
import type { Written } from '../upsert';
import { writeOnce } from './write-once';

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
  const ordered = inOrder(kind.shape === 'entries', rows);
  if (!leavesOthers(kind)) {
    const written = await write(ordered);
    if (notesFollowed(kind)) await follow(transaction, kind, ordered, { life, theirs: false });
    return written;
  }
  const following = await followedAmong(transaction, kind, ordered);
  const fresh = ordered.filter((one) => !following.has(one));
  const written = await write([...following]);
  const adopted = await adoptOwn(transaction, target, fresh, { alterations, copies: await copies(fresh) });
  await follow(transaction, kind, [...following, ...adopted.equal], { life, theirs: true });
  await follow(transaction, kind, adopted.made, { life, theirs: false });
  return { added: written.added + adopted.added, updated: written.updated + adopted.updated };

  async function write(some: readonly Resolved[]): Promise<Written> {
    const overwrites = overwritten(target);
    if (overwrites.length === 0)
      return writeOnce(transaction, target, some, !careful && some.length >= leastStaged);
    const identity = identityColumns(kind);
    const form = { identity, columns: ownColumns(kind), arbiter: arbiterOf(identity), overwrites };
    const shared = { ...form, rows: some.map(ownValues) };
    return (await copies(some))
      ? stageOwn(transaction, target, shared)
      : put(transaction, { ...shared, target, alterations, sources: some, strictness: 'stored' });
  }

  async function copies(some: readonly Resolved[]): Promise<boolean> {
    if (careful || some.length < leastStaged || (await alterations.of(transaction, kind.name))) return false;
    return isPlainTable(transaction, target);
  }
}

/**
 * Of one identity the last that was read; always in the same order, so that upserts cannot deadlock. Entries as they came: a table may number
 * its rows.
 */
function inOrder(asTheyCame: boolean, rows: readonly Resolved[]): readonly Resolved[] {
  const latest = new Map(rows.map((one) => [one.row.own?.key.join('\0') ?? '', one]));
  return asTheyCame
    ? [...latest.values()]
    : [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** What a row takes that is there. One of records that never change takes nothing; but that its record is there takes the mark away. */
function overwritten({ kind }: Target): readonly string[] {
  if (!isWrittenOnce(kind)) return ownColumns(kind);
  return kind.own?.onDelete === 'mark' ? [markColumn] : [];
}
