import type { Transaction } from '../../connections/postgres/postgres';
import { isWrittenOnce, leavesOthers } from '../../mapping/own-rules';
import type { Resolved } from '../identity/resolved';
import type { Target } from '../record/target';
import { type Expectation, ownFilled, ownPresent, ownWhole } from '../write/expectation';
import { findUnlike, type UnlikeRow } from '../write/find-unlike';
import { followedAmong } from '../write/followed';

/** A record of the user's own whose row is not as it is, or not there. */
interface OwnDifference {
  readonly one: Resolved;
  readonly unlike: UnlikeRow;
  /** Why the row stays as it is. */
  readonly skips?: string;
}

/** Compares records of the user's own with the rows of their keys, as their mapping wants these. */
export async function compareOwn(
  transaction: Transaction,
  target: Target,
  rows: readonly Resolved[],
  inDetail: boolean,
): Promise<readonly OwnDifference[]> {
  const { kind } = target;
  const differing = async (some: readonly Resolved[], expected: Expectation) =>
    (await findUnlike(transaction, target, expected, inDetail)).flatMap((unlike): OwnDifference[] => {
      const one = some[unlike.index];
      return one === undefined ? [] : [{ one, unlike }];
    });
  if (isWrittenOnce(kind)) {
    const due = await differing(rows, ownPresent(target, rows));
    if (!inDetail) return due;
    // Whoever asks for one record wants to know that it is not what the row is.
    const told = new Set(due.map(({ one }) => one));
    const others = rows.filter((one) => !told.has(one));
    const changed = await differing(others, ownWhole(target, others));
    return [...due, ...changed.map((one) => ({ ...one, skips: 'is written once' }))];
  }
  const found = await differing(rows, ownWhole(target, rows));
  if (!leavesOthers(kind)) return found;
  const there = found.flatMap(({ one, unlike }) => (unlike.pgId === null ? [] : [one]));
  const following = await followedAmong(transaction, kind, there);
  const theirs = there.filter((one) => !following.has(one));
  const merges = kind.own?.onConflict === 'merge';
  const fills = new Map(
    (merges ? await differing(theirs, ownFilled(target, theirs)) : []).map((fill) => [fill.one, fill]),
  );
  const left = new Set(theirs);
  return found.map((difference) => {
    if (!left.has(difference.one)) return difference;
    const skips = `was there before its record (on_conflict: ${kind.own?.onConflict ?? ''})`;
    return fills.get(difference.one) ?? { ...difference, skips };
  });
}
