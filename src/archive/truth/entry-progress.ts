import type { EntryPosition } from '../record/own/entries-read';
import { beforeAll } from '../stream/entry-id';

/** What read-entries.lua tells of a stream, of one moment. */
export interface StreamFacts {
  /** It is not the one that was left, and is read from its beginning. */
  readonly anew: boolean;
  /** How many entries it has. */
  readonly length: number;
  /** Whether it has entries that are no younger than where reading begins. */
  readonly before: boolean;
  /** How many entries it was ever given; null: Redis does not say. */
  readonly added: number | null;
  /** The last entry that was looked at, and its witness; '': none was. */
  readonly last: string;
  readonly witness: string;
  /** How many entries were looked at. */
  readonly count: number;
  readonly more: boolean;
}

/** What follows from that. */
export interface EntryProgress {
  /** Where reading goes on. */
  readonly position: EntryPosition;
  /** Whether that has to be written down. */
  readonly moved: boolean;
  /** How many entries were trimmed away, or deleted, before they were read. */
  readonly lost: number;
  /** About how many entries are still to be read. */
  readonly waiting: number;
}

/** How far a stream is read by now. @param left where it was left; undefined: it is read for the first time. Pure. */
export function progressOf(left: EntryPosition | undefined, facts: StreamFacts): EntryProgress {
  const { anew, length, before, added, last, witness, count, more } = facts;
  const from = left === undefined || anew ? { last: beforeAll, witness: '', added: null } : left;
  // If nothing that is there was read, all the others are gone: read, or lost.
  const gone = before || added === null ? null : added - length;
  const lost = gone === null || from.added === null ? 0 : Math.max(0, gone - from.added);
  const begun = gone ?? from.added;
  const read = begun === null ? null : begun + count;
  const behind = before ? (added === null || read === null ? 1 : added - read) : length - count;
  return {
    position: {
      ...(count === 0 ? { last: from.last, witness: from.witness } : { last, witness }),
      // At the end it is known; before, entries that were deleted one by one are taken for such that are still to come.
      added: more ? read : added,
    },
    moved: left === undefined || anew || count > 0 || lost > 0,
    lost,
    waiting: more ? Math.max(1, behind) : 0,
  };
}
