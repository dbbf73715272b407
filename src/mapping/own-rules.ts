import type { Kind } from './kinds';

type Ruled = Pick<Kind, 'own' | 'appendOnly' | 'shape'>;

/** Whether a row stays as it was written first, or as it was found, whatever its record becomes. */
export const isWrittenOnce = ({ own, appendOnly, shape }: Ruled): boolean =>
  own !== undefined && (appendOnly === true || shape === 'entries');

/** Whether a row that was there before a record was written to it stays whose it is, and all others follow their records. */
export const leavesOthers = (kind: Ruled): boolean =>
  !isWrittenOnce(kind) && (kind.own?.onConflict === 'skip' || kind.own?.onConflict === 'merge');

/** Whether rows that are there before the first record is written would be lost, and nobody has said that they may be. */
export const asksWhoseRows = (kind: Ruled): boolean =>
  kind.own !== undefined && kind.own.onConflict === undefined && !isWrittenOnce(kind);

/** Whether it is noted which rows follow their records. */
export const notesFollowed = (kind: Ruled): boolean =>
  kind.own !== undefined && (kind.own.onDelete !== 'keep' || leavesOthers(kind));
