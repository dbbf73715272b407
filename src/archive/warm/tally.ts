import type { Kind } from '../../mapping/kinds';
import { Unlike } from './python-form';

/** How many records of a kind were restored, and how many were not, and why. */
export interface Tally {
  restored: number;
  /** Redis had this very record already. */
  there: number;
  /** Another record has the key by now, or a key that is needed holds another type. */
  inUse: number;
  /** A parent is not in Redis. */
  orphaned: number;
  /** The record cannot be written so that it would be read back as the same. */
  unlike: number;
  /** The record is larger than MAX_RECORD_SIZE: a daemon would not read it. */
  large: number;
  /** The id, or that of a parent, was given to a newer record after a flush. */
  superseded: number;
  /** Another record that was mapped to the same row (ON_CONFLICT) is restored. */
  shared: number;
  /** The record was not asked for: a prediction that is not among the newest, or a record older than retention keeps. */
  left: number;
  /** The application has deleted the record, and its row is marked so. */
  deleted: number;
  /** The row is another program's. */
  foreign: number;
}

export const emptyTally = (): Tally => ({
  ...{ restored: 0, there: 0, inUse: 0, orphaned: 0, unlike: 0, large: 0 },
  ...{ superseded: 0, shared: 0, left: 0, deleted: 0, foreign: 0 },
});

/** The tally of each kind. */
export type Tallies = ReadonlyMap<Kind, Tally>;

export function tallyOf(tallies: Tallies, kind: Kind): Tally {
  const tally = tallies.get(kind);
  if (tally === undefined) throw new Error(`no tally of ${kind.name}`);
  return tally;
}

/** How many records could not be restored, but might be another time. */
export const keptBack = ({ inUse, orphaned, unlike, large }: Tally): number =>
  inUse + orphaned + unlike + large;

/** Makes something. If that throws Unlike, `count` records are counted as such. @returns undefined then */
export function fitting<T>(tally: Tally, make: () => T, count = 1): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Unlike)) throw error;
    tally.unlike += count;
    return undefined;
  }
}
