import type { KindName } from '../../../mapping/kinds';

/** How far a stream of the user's own is read. */
export interface EntryPosition {
  /** Id of the last entry that is read, `0-0` before the first. */
  readonly last: string;
  /** What shows that an entry with this id is still that one; '' before the first. */
  readonly witness: string;
  /** How many entries the stream had ever been given up to it; null: Redis does not say. */
  readonly added: number | null;
}

/** That a stream was read up to here: written down together with the rows. */
export interface EntriesRead {
  readonly kind: KindName;
  /** The stream's whole key. */
  readonly key: Buffer;
  readonly position: EntryPosition;
  /** What was found out on the way, for whoever looks after the stream. */
  readonly incident?: string;
}
