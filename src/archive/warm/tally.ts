import type { Kind } from '../../mapping/kinds';

/** What became of the records of a kind. */
export interface Tally {
  restored: number;
  /** Redis had it already: this very record. */
  there: number;
  /** Another record has its key by now, or a key it needs holds another type. */
  inUse: number;
  /** The record that it belongs to is not in Redis. */
  orphaned: number;
  /** It could not be written so that it would be read back as the same. */
  unlike: number;
  /** More than MAX_RECORD_SIZE: a daemon would not read it. */
  large: number;
  /** Its id, or that of the record it belongs to, was given to a newer one after a flush. */
  superseded: number;
  /** Another record stands for the row that both were mapped to (ON_CONFLICT). */
  shared: number;
  /** Not among those asked for: of predictions the newest, of what is kept for a time only the younger. */
  left: number;
  /** Rows of other programs. */
  foreign: number;
}

export const emptyTally = (): Tally => ({
  ...{ restored: 0, there: 0, inUse: 0, orphaned: 0, unlike: 0, large: 0 },
  ...{ superseded: 0, shared: 0, left: 0, foreign: 0 },
});

/** While they are counted. */
export type Tallies = ReadonlyMap<Kind, Tally>;

export function tallyOf(tallies: Tallies, kind: Kind): Tally {
  const tally = tallies.get(kind);
  if (tally === undefined) throw new Error(`no tally of ${kind.name}`);
  return tally;
}

/** What might be restored another time, or looked at. */
export const keptBack = ({ inUse, orphaned, unlike, large }: Tally): number =>
  inUse + orphaned + unlike + large;
