import type { RecordMapping } from '../../own-records';
import type { Fields } from '../readers';
import type { ReadParent } from './record-words';

/** The words of records that are told from others that have had their keys. */
export const identifiedWords = [
  'identity',
  'except',
  'counter',
  'index',
  'names',
  'lasts',
  'score',
  'absent',
  'by_value',
  'announce',
  'statistic',
] as const;

export type IdentifiedWords = Fields<(typeof identifiedWords)[number]>;

/** What a record says otherwise. */
export type Said = Omit<RecordMapping, 'parents' | 'identified'> & {
  readonly parents: readonly ReadParent[];
};
