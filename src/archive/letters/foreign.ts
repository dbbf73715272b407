import type { Kind } from '../../mapping/kinds';
import { Unfit } from '../record/unfit';
import { type DeadLetter, deletionMark } from './dead-letters';

/** The letter of a key that is of no record of its mapping any more, because that has another key now. */
export const foreign = ({ name }: Kind, key: Buffer, isDeletion: boolean): DeadLetter => ({
  ...{ kind: name, key, distinction: isDeletion ? deletionMark : '' },
  reason: new Unfit('E_ID', undefined, `is no key of a ${name} any more: the mapping has another key now`),
});
