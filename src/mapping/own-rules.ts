import type { Kind } from './kinds';

type Ruled = Pick<Kind, 'own' | 'appendOnly'>;

/** Whether a row that was there before a record was written to it stays whose it is. Of records that never change that is no question. */
export const leavesOthers = ({ own, appendOnly }: Ruled): boolean =>
  own !== undefined && appendOnly !== true && (own.onConflict === 'skip' || own.onConflict === 'merge');

/** Whether rows that are there before the first record is written would be lost, and nobody has said that they may be. */
export const asksWhoseRows = ({ own, appendOnly }: Ruled): boolean =>
  own !== undefined && own.onConflict === undefined && appendOnly !== true;

/** Whether it is noted which rows follow their records. */
export const notesFollowed = (kind: Ruled): boolean =>
  kind.own !== undefined && (kind.own.onDelete !== 'keep' || leavesOthers(kind));
